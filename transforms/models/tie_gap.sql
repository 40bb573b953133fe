/* How long ago each tie was last active, in periods. */
-- period: grain
-- lookback: all
with active as (
  select grain, period, idx, channel, s, t,
    lag(idx) over (partition by grain, channel, s, t order by idx) as previous
  from tie
  where period >= $first_period
), asked as (
  select distinct grain, channel, s, t from active
), past as (
  -- One row of each tie that is asked for, however long its history is.
  select p.grain, p.channel, p.s, p.t, max(p.idx) as idx
  from tie p
  join asked a on a.grain = p.grain and a.channel = p.channel and a.s = p.s and a.t = p.t
  where p.period < $first_period
  group by p.grain, p.channel, p.s, p.t
), opening as (
  select grain, channel, min(idx) as idx from tie group by grain, channel
)
select
  a.grain,                           -- day, week, month or quarter
  a.period,                          -- First day of the period
  a.idx,                             -- Number of the period within its grain
  a.channel,                         -- meeting, message, work or (all)
  a.s,                               -- Person with the smaller id
  a.t,                               -- Person with the larger id
  a.idx - coalesce(a.previous, p.idx) as gap, -- Periods since the tie was last active; empty: never before
  a.idx = o.idx as is_opening        -- First period of the channel: nothing to compare with
from active a
join opening o on o.grain = a.grain and o.channel = a.channel
left join past p on p.grain = a.grain and p.channel = a.channel and p.s = a.s and p.t = a.t
