/* How long ago each tie was last active, in periods. */
-- period: grain
-- lookback: all
select
  c.grain,                           -- day, week, month or quarter
  c.period,                          -- First day of the period
  c.idx,                             -- Number of the period within its grain
  d.channel,                         -- meeting, message, work or (all)
  d.s,                               -- Person with the smaller id
  d.t,                               -- Person with the larger id
  c.idx - b.idx as gap,              -- Periods since the tie was last active; empty: never before
  c.period <= d.opened as is_opening -- First period of the channel: nothing to compare with
from tie_previous d
join calendar c on c.day = d.day
left join calendar b on b.grain = c.grain and b.day = d.previous
-- Once per period: on its first day.
where d.day >= $first_period and (d.previous is null or d.previous < c.period)
