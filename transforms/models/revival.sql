/* Ties between units that came back after more than $resumed_within periods, and who began it.

Of the events that brought the two together again at that moment the first counts, with everybody who
began it: the two themselves or a third. */
-- period: grain
with placed as (
  -- After some days of silence nothing is revived, so the finest period is the week.
  select distinct u.grain, u.period, u.channel, u.s, u.t
  from unit_tie u
  join tie_gap g on g.grain = u.grain and g.period = u.period and g.channel = u.channel and g.s = u.s and g.t = u.t
  where u.grain <> 'day' and g.gap > $resumed_within
    and (u.unit_s <> u.unit_t or u.unit_s = '(other)') and u.unit_s <> '(unknown)' and u.unit_t <> '(unknown)'
), again as (
  select r.grain, r.period, r.channel, r.s, r.t, min(d.day) as day, min(d.tied_at) as tied_at
  from placed r
  join calendar c on c.grain = r.grain and c.period = r.period
  join scope v on v.channel = r.channel
  join contact_day d on d.day = c.day and d.channel = v.covers and d.s = r.s and d.t = r.t
  where d.tied_at is not null
  group by r.grain, r.period, r.channel, r.s, r.t
), beginning as (
  select n.grain, n.period, n.channel, n.s, n.t, i.person_id,
    dense_rank() over (
      partition by n.grain, n.period, n.channel, n.s, n.t order by a.event_id, a.channel, a.is_directed
    ) as place
  from again n
  join scope v on v.channel = n.channel
  join attendance a on a.day = n.day and a.started_at = n.tied_at and a.channel = v.covers and a.person_id = n.s
  join attendance b on b.day = a.day and b.channel = a.channel and b.is_directed = a.is_directed
    and b.event_id = a.event_id and b.person_id = n.t
  join attendance i on i.day = a.day and i.channel = a.channel and i.is_directed = a.is_directed
    and i.event_id = a.event_id and i.is_initiator
  where not a.is_broadcast and (not a.is_directed or a.is_initiator or b.is_initiator)
)
select
  grain,        -- week, month or quarter
  period,       -- First day of the period
  channel,      -- meeting, message, work or (all)
  s,            -- Person with the smaller id
  t,            -- Person with the larger id
  person_id     -- Who began the event: organiser, sender or author
from beginning
where place = 1
