/* Opportunities to answer: a message that opens a conversation, once for each person it is addressed to.

Any later message of that person in the conversation, or that replies to it, is the answer. Machines neither
ask nor answer, cc asks nothing, a list is nobody, and what reaches too many people asks nobody in particular. */
-- period: day
-- lookahead: $answer_days
with message as (
  select a.day, a.event_id, a.person_id, a.started_at, e.reply_to, a.is_broadcast,
    coalesce(e.thread, e.reply_to, a.event_id) as conversation
  from attendance a
  join event e on e.day = a.day and e.event_id = a.event_id
  where a.channel = 'message' and a.is_initiator
), addressed as (
  select distinct o.day, o.event_id, o.conversation, o.started_at, o.person_id as s,
    coalesce(l.person_id, p.address_id) as t
  from message o
  join participation p on p.day = o.day and p.event_id = o.event_id and p.role = 'to'
  left join address_alias l on l.address_id = p.address_id
  where o.reply_to is null and not o.is_broadcast
), answer as (
  select conversation, person_id, day, started_at from message
  union all
  -- Each mailbox numbers conversations in its own way; what a message replies to is the same in all.
  select reply_to, person_id, day, started_at from message where reply_to <> conversation
), asked as (
  select *, conversation as named from addressed
  union all
  select *, event_id from addressed where event_id <> conversation
), answered as (
  select a.day, a.event_id, a.started_at, a.s, a.t,
    min((epoch(r.started_at) - epoch(a.started_at)) / 3600.0) as answered_after
  from asked a
  left join answer r on r.conversation = a.named and r.person_id = a.t
    and r.started_at > a.started_at and r.day >= a.day and r.day <= a.day + $answer_days
    -- Each side by itself: a difference of the two is looked at for every two messages there are.
    and epoch(r.started_at) <= epoch(a.started_at) + 86400.0 * $answer_days
  where a.s <> a.t
  group by a.day, a.event_id, a.started_at, a.s, a.t
)
select
  day,                 -- Day of the message, in the network's time zone
  event_id,            -- The message
  s,                   -- Who asks
  t,                   -- Who is asked
  answered_after,      -- Hours until the answer; empty: none within answer_days
  coalesce(answered_after, case when day + $answer_days <= $data_last_day then 24.0 * $answer_days
    else greatest(0.0, (epoch(cast($data_last_day as timestamp)) - epoch(started_at)) / 3600.0 + 24)
    end) as waited,    -- Hours until the answer, the end of answer_days or that of the data
  day + $answer_days <= $data_last_day as is_observed -- All of answer_days are in the data
from answered
