/* Directed acts of one person towards another per day: messages, assignments and mentions. */
-- period: day
with seat as (
  select * from attendance where is_directed and not is_broadcast and size > 1
), act as (
  select a.day, a.channel, a.person_id as s, b.person_id as t,
    case when a.channel = 'message'
      then b.weight / sum(b.weight) over (partition by a.day, a.channel, a.event_id)
      else 1.0 end as w
  from seat a
  join seat b on b.day = a.day and b.channel = a.channel and b.event_id = a.event_id
  where a.is_initiator and not b.is_initiator
)
select
  day,              -- Day in the network's time zone
  channel,          -- message or work
  s,                -- Who acts: sender, or who assigns or mentions
  t,                -- Towards whom
  sum(w) as w,      -- Weight: a message adds up to 1 over its recipients, an assignment is 1
  count(*) as n     -- Number of acts
from act
group by day, channel, s, t
