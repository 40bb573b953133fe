/* How long ago each tie was last active, in periods. */
-- period: grain
-- lookback: all
select
  c.grain,                           -- day, week, month or quarter
  c.period,                          -- First day of the period
  c.idx,                             -- Number of the period within its grain
  c.channel,                         -- meeting, message, work or (all)
  c.s,                               -- Person with the smaller id
  c.t,                               -- Person with the larger id
  c.idx - max(p.idx) as gap,         -- Periods since the tie was last active; empty: never before
  c.idx = max(o.idx) as is_opening   -- First period of the channel: nothing to compare with
from tie c
join (select grain, channel, min(idx) as idx from tie group by grain, channel) o
  on o.grain = c.grain and o.channel = c.channel
left join tie p on p.grain = c.grain and p.channel = c.channel and p.s = c.s and p.t = c.t and p.idx < c.idx
group by c.grain, c.period, c.idx, c.channel, c.s, c.t
