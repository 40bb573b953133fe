/* How each line between two units fares, per whole period: also in those in which nothing happens on it.

Periods that a missing source leaves incomplete change nothing. A state is entered at one threshold and
left at another, so that it does not flicker. In this order, the first that holds:
closed: one of the units has nobody on its books any more.
lost: silent for $lost_days or longer. quiet: silent for $quiet_days, and for longer than its rhythm explains.
revived: back within the last three periods after having been quiet, with twice the period before. new: first
seen within the last three periods, in data that began before. growing, weakening: the last three periods are
$growing times or $weakening times the six before them or beyond, by more than chance, and not yet back near
them or past them.
steady: none of these. early: too little history to say. */
-- period: grain
-- lookback: all
with step as (
  select grain, period, idx, min(day) as first_day, max(day) as final_day,
    case grain when 'week' then 7 when 'month' then 30 else 91 end as days
  from calendar
  where grain <> 'day'
  group by grain, period, idx
), whole as (
  select *, min(idx) over (partition by grain) as opening,
    idx - min(case when period >= $first_period then idx end) over (partition by grain) as nth
  from step
  where first_day >= $data_first_day and final_day <= $data_last_day
), active as (
  select * from line
  where grain <> 'day' and unit <> other_unit and unit not in ('(unknown)', '(other)') and other_unit not in ('(unknown)', '(other)')
), beginning as (
  -- Told by a number: what follows sorts every period of every line several times.
  select *, row_number() over (order by grain, channel, boundary, unit, other_unit) as line,
    dense_rank() over (order by grain, channel, boundary) as net
  from (
    select grain, channel, boundary, unit, other_unit, min(idx) as first_idx
    from active
    group by grain, channel, boundary, unit, other_unit
  ) known
), slot as (
  select b.line, b.net, s.idx, s.nth, s.days,
    case when coalesce(c.completeness, 1.0) >= $complete_enough then coalesce(a.w, 0.0) end as w,
    a.last_day
  from whole s
  join beginning b on b.grain = s.grain and s.idx >= b.first_idx
  left join active a on a.grain = s.grain and a.idx = s.idx and a.channel = b.channel
    and a.boundary = b.boundary and a.unit = b.unit and a.other_unit = b.other_unit
  left join completeness c on c.grain = s.grain and c.period = s.period and c.channel = b.channel
    and c.boundary = b.boundary and c.unit = b.unit and c.other_unit = b.other_unit
), level as (
  -- Silence is counted in periods that could be seen.
  select *, avg(case when w > 0 then w end) over before as usual, count(w) over so_far as seen,
    avg(w) over just_before as just_before
  from slot
  window before as (
    partition by line order by idx
    rows between unbounded preceding and 1 preceding
  ), so_far as (
    partition by line order by idx
    rows between unbounded preceding and current row
  ), just_before as (
    partition by line order by idx rows between 3 preceding and 1 preceding)
), network as (
  select net, idx, sum(w) as w,
    avg(sum(w)) over (
      partition by net order by idx
      rows between unbounded preceding and current row) as usual
  from slot
  group by net, idx
), awake as (
  -- A stray mail does not wake a line; in a holiday, when the whole network rests, less will do.
  select l.*,
    case when l.w > 0 and l.w >= 0.25 * coalesce(l.usual, 0) * least(1.0, n.w / n.usual) then l.seen end as awake
  from level l
  join network n on n.net = l.net and n.idx = l.idx
), gap as (
  select *,
    seen - max(awake) over so_far as silent,
    count(awake) over so_far as times,
    (max(awake) over so_far) - min(awake) over so_far as stretch,
    sum(w) over recent as w_recent, count(w) over recent as n_recent,
    sum(w) over base as w_base, count(w) over base as n_base, sum(w) over near as w_near,
    max(last_day) over so_far as day_seen
  from awake
  window so_far as (
    partition by line order by idx
    rows between unbounded preceding and current row
  ), recent as (
    partition by line order by idx rows between 2 preceding and current row
  ), base as (
    partition by line order by idx rows between 8 preceding and 3 preceding
  ), near as (
    partition by line order by idx rows between 8 preceding and current row)
), judged as (
  select *,
    w_recent / nullif(n_recent, 0) as recent, w_base / nullif(n_base, 0) as base,
    (w_recent / nullif(n_recent, 0)) / nullif(w_base / nullif(n_base, 0), 0) as ratio,
    (w_recent - w_base * n_recent / nullif(n_base, 0))
      / nullif(sqrt(greatest(w_recent + w_base * n_recent * n_recent / nullif(n_base * n_base, 0), 0)), 0) as z,
    silent * days >= $quiet_days and silent > 2 * (stretch / nullif(times - 1.0, 0) - 1) as is_quiet
  from gap
), marked as (
  -- When each was last so (odd) or not (even): the latest is the highest.
  select *,
    2 * idx + case
      when w is null or n_base < 3 then null
      when n_recent >= 2 and ratio >= $growing and z >= $line_z then 1
      when ratio <= 1.25 then 0 end as grows,
    2 * idx + case
      when w is null or n_base < 3 then null
      when n_recent >= 2 and ratio <= $weakening and z <= -$line_z then 1
      when ratio >= 0.8 then 0 end as weakens
  from judged
), past as (
  select line, max(grows) as grows, max(weakens) as weakens from marked where nth < 0 group by line
), late as (
  -- Whether a line came back is asked of three periods, and of three before each: a few before the first are enough.
  select *, max(case when is_quiet then 1 end) over shortly_before = 1 as was_quiet,
    lag(w) over (partition by line order by idx) as w_before
  from marked
  where nth >= -5
  window shortly_before as (
    partition by line order by idx rows between 3 preceding and 1 preceding)
), carried as (
  -- What merely goes on at a low level does not come back.
  select l.*,
    max(case when was_quiet and awake is not null and w >= 2 * coalesce(w_before, 0) then idx end) over so_far as returned,
    coalesce(max(l.grows) over so_far, p.grows) as growth,
    coalesce(max(l.weakens) over so_far, p.weakens) as decline
  from late l
  left join past p on p.line = l.line
  window so_far as (
    partition by l.line order by idx
    rows between unbounded preceding and current row)
), told as (
  select b.grain, s.period, b.channel, b.boundary, b.unit, b.other_unit, b.first_idx, s.opening, t.*
  from carried t
  join beginning b on b.line = t.line
  join whole s on s.grain = b.grain and s.idx = t.idx
  where t.nth >= 0
), near as (
  -- Who carried the line in the last nine periods.
  select t.line, t.idx, max(a.people) as people, max(a.other_people) as other_people,
    sum(a.top_share * a.w) as top
  from told t
  join whole s on s.grain = t.grain and s.idx between t.idx - 8 and t.idx
  join active a on a.grain = t.grain and a.idx = s.idx and a.channel = t.channel
    and a.boundary = t.boundary and a.unit = t.unit and a.other_unit = t.other_unit
  group by t.line, t.idx
)
select
  t.grain,                                     -- week, month or quarter
  t.period,                                    -- First day of the period
  t.channel,                                   -- meeting, message, work or (all)
  t.boundary,                                  -- organisation, team, ...
  t.unit,                                      -- First unit
  t.other_unit,                                -- Second unit
  case
    when f.people is null or g.people is null then 'closed'
    when silent is null then 'early'
    when silent * days >= $lost_days then 'lost'
    when is_quiet then 'quiet'
    when returned is not null and t.idx - returned < 3 then 'revived'
    when t.idx - first_idx < 3 and first_idx - opening >= 3 then 'new'
    when growth % 2 = 1 then 'growing'
    when decline % 2 = 1 then 'weakening'
    when n_base >= 3 or coalesce(growth, decline) is not null then 'steady'
    else 'early' end as state,                 -- closed, lost, quiet, revived, new, growing, weakening, steady or early
  w,                                           -- Weight in the period; empty where a source is missing
  recent,                                      -- Weight per period over the last three
  base,                                        -- Weight per period over the six before them
  ratio,                                       -- recent / base
  z,                                           -- How far that is beyond chance, in standard deviations of counts
  silent,                                      -- Periods that could be seen since the last with interaction worth the name
  day_seen as last_day,                        -- Last day with any interaction
  n.people,                                    -- Most people of the first unit in one of the last nine periods
  n.other_people,                              -- The same of the second
  n.top / nullif(w_near, 0) as top_share       -- Part of these periods' weight that the most active persons carry
from told t
left join near n on n.line = t.line and n.idx = t.idx
left join frame f on f.grain = t.grain and f.period = t.period and f.boundary = t.boundary and f.unit = t.unit
left join frame g on g.grain = t.grain and g.period = t.period and g.boundary = t.boundary and g.unit = t.other_unit
where times > 0 or w > 0
