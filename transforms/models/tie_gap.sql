/* How long ago each tie was last active, in periods. */
-- period: grain
-- lookback: all
with active as (
  select grain, period, idx, channel, s, t,
    lag(idx) over (partition by grain, channel, s, t order by idx) as previous
  from tie
  where period >= $first_period
), asked as (
  select distinct s, t from active where previous is null
), met as (
  -- Of days, whatever the grain: all of the past is looked through, and it has fewest rows there.
  select d.channel, d.s, d.t, max(d.day) as day
  from tie_day d
  join asked a on a.s = d.s and a.t = d.t
  where d.day < $first_period
  group by d.channel, d.s, d.t
), past as (
  select v.channel, m.s, m.t, max(m.day) as day
  from met m
  join scope v on v.covers = m.channel
  group by v.channel, m.s, m.t
), first_day as (
  select channel, min(day) as day from tie_day group by channel
), opening as (
  select v.channel, min(f.day) as day
  from first_day f
  join scope v on v.covers = f.channel
  group by v.channel
)
select
  a.grain,                           -- day, week, month or quarter
  a.period,                          -- First day of the period
  a.idx,                             -- Number of the period within its grain
  a.channel,                         -- meeting, message, work or (all)
  a.s,                               -- Person with the smaller id
  a.t,                               -- Person with the larger id
  a.idx - coalesce(a.previous, c.idx) as gap, -- Periods since the tie was last active; empty: never before
  a.period <= o.day as is_opening    -- First period of the channel: nothing to compare with
from active a
join opening o on o.channel = a.channel
left join past p on p.channel = a.channel and p.s = a.s and p.t = a.t
left join calendar c on c.grain = a.grain and c.day = p.day
