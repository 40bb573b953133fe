/* Initiating acts, by which somebody begins something with others: one row per act and who began it.

These are a message that answers none, an assignment or a mention, and a meeting, which its organiser
convenes: every one of a series, because keeping it going is initiative too. What nobody else takes part
in, and what too many people do, begins no interaction. */
-- period: day
select
  a.day,               -- Day in the network's time zone
  a.channel,           -- meeting, message or work
  a.event_id,          -- The act
  a.person_id          -- Who began it: organiser, sender, or who assigns or mentions
from attendance a
join event e on e.day = a.day and e.event_id = a.event_id
where a.is_initiator and not a.is_broadcast and a.size > 1
  and (a.channel = 'meeting' or a.is_directed) and (a.channel <> 'message' or e.reply_to is null)
