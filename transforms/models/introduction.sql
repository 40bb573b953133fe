/* Two people whom a third brought together: they had shared no event for long, and both had a tie with
whoever began this one. Work on an item that several began is nobody's introduction.

Days before the event are counted whole; within its own day the time decides. An introduction whose past is
not in the data cannot be told from old acquaintance, and is left out. */
-- period: day
-- lookback: $introduction_days
-- lookahead: $conversion_days
with seat as (
  select * from attendance where not is_broadcast and size > 1
), opener as (
  select day, channel, is_directed, event_id, min(person_id) as introducer
  from seat
  where is_initiator and size > 2 and day - least($introduction_history, $introduction_days) >= $data_first_day
  group by day, channel, is_directed, event_id
  having count(*) = 1
), candidate as (
  select e.day, e.channel, e.is_directed, e.event_id, e.introducer, a.started_at,
    a.person_id as s, b.person_id as t
  from opener e
  join seat a on a.day = e.day and a.channel = e.channel and a.is_directed = e.is_directed
    and a.event_id = e.event_id and a.person_id <> e.introducer
  join seat b on b.day = e.day and b.channel = e.channel and b.is_directed = e.is_directed
    and b.event_id = e.event_id and b.person_id <> e.introducer and b.person_id > a.person_id
), introducing as (
  select c.*, row_number() over (
    partition by c.day, c.s, c.t order by c.started_at, c.event_id, c.channel, c.is_directed
  ) as place
  from candidate c
  where not exists (
      select 1 from contact_day p
      where p.s = c.s and p.t = c.t
        and p.day >= c.day - $introduction_days and p.first_at < c.started_at
    )
    and exists (
      select 1 from contact_day p
      where p.s = least(c.introducer, c.s) and p.t = greatest(c.introducer, c.s)
        and p.day >= c.day - $introduction_days and p.tied_at < c.started_at
    )
    and exists (
      select 1 from contact_day p
      where p.s = least(c.introducer, c.t) and p.t = greatest(c.introducer, c.t)
        and p.day >= c.day - $introduction_days and p.tied_at < c.started_at
    )
), met as (
  -- Events of one of the two, later; those that the other shares and the introducer does not, count.
  select i.day, i.channel, i.event_id, i.introducer, i.s, i.t,
    max(case when y.person_id is not null and z.person_id is null
      and (not x.is_directed or x.is_initiator or y.is_initiator) then 1 else 0 end) as is_converted
  from introducing i
  left join seat x on x.person_id = i.s and x.day >= i.day and x.day <= i.day + $conversion_days
    and x.started_at > i.started_at
  left join seat y on y.person_id = i.t and y.day = x.day and y.channel = x.channel
    and y.is_directed = x.is_directed and y.event_id = x.event_id
  left join seat z on z.person_id = i.introducer and z.day = x.day and z.channel = x.channel
    and z.is_directed = x.is_directed and z.event_id = x.event_id
  where i.place = 1
  group by i.day, i.channel, i.event_id, i.introducer, i.s, i.t
)
select
  day,                              -- Day of the event, in the network's time zone
  channel,                          -- meeting, message or work
  event_id,                         -- The event that brought them together
  introducer,                       -- Who organised, sent or began it
  s,                                -- Person with the smaller id
  t,                                -- Person with the larger id
  is_converted = 1 as is_converted, -- The two met without the introducer within conversion_days
  day + $conversion_days <= $data_last_day as is_mature -- All of those days are in the data
from met
