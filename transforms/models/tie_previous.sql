/* When each tie was last active before a day: all of the past is looked through here, once for all grains. */
-- period: day
-- lookback: all
with active as (
  select distinct d.day, v.channel, d.s, d.t
  from tie_day d
  join scope v on v.covers = d.channel
  where d.day >= $first_period
), stepped as (
  select day, channel, s, t, lag(day) over (partition by channel, s, t order by day) as previous
  from active
), asked as (
  select distinct s, t from stepped where previous is null
), met as (
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
  a.day,             -- Day in the network's time zone
  a.channel,         -- meeting, message, work or (all)
  a.s,               -- Person with the smaller id
  a.t,               -- Person with the larger id
  coalesce(a.previous, p.day) as previous, -- Day on which the tie was active before; empty: never
  o.day as opened    -- First day of the channel
from stepped a
join opening o on o.channel = a.channel
left join past p on p.channel = a.channel and p.s = a.s and p.t = a.t
