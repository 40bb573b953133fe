/* Undirected tie of two people per day and channel: the state that everything per period comes from. */
-- period: day
with seat as (
  select * from attendance where not is_directed and not is_broadcast and size > 1
), pair as (
  select a.day, a.channel, a.person_id as s, b.person_id as t,
    1.0 / (a.size - 1) as w, a.hours / (a.size - 1) as h, 1 as n
  from seat a
  join seat b on b.day = a.day and b.channel = a.channel and b.event_id = a.event_id
    and a.person_id < b.person_id
  union all
  select day, channel, least(s, t) as s, greatest(s, t) as t, w, 0.0 as h, n from act_day
)
select
  day,               -- Day in the network's time zone
  channel,           -- meeting, message or work
  s,                 -- Person with the smaller id
  t,                 -- Person with the larger id
  sum(w) as w,       -- Weight: meeting and work item 1/(n-1) per pair, message 1 per message
  sum(h) as h,       -- Hours together in meetings, hours/(n-1) per pair
  sum(n) as n        -- Events that the two shared
from pair
group by day, channel, s, t
