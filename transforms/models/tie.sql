/* Tie of two people per period and channel. */
-- period: grain
select
  c.grain,                   -- day, week, month or quarter
  c.period,                  -- First day of the period
  c.idx,                     -- Number of the period within its grain
  v.channel,                 -- meeting, message, work or (all)
  d.s,                       -- Person with the smaller id
  d.t,                       -- Person with the larger id
  sum(d.w) as w,             -- Weight
  sum(d.h) as h,             -- Hours together in meetings
  sum(d.n) as n              -- Events that the two shared
from calendar c
join tie_day d on d.day = c.day
join scope v on v.covers = d.channel
group by c.grain, c.period, c.idx, v.channel, d.s, d.t
