/* Two people who were in one event on a day, however it brought them there.

Those whom a message merely reaches together have no tie; they do know of each other. */
-- period: day
with seat as (
  select * from attendance where not is_broadcast and size > 1
)
select
  a.day,                              -- Day in the network's time zone
  a.channel,                          -- meeting, message or work
  a.person_id as s,                   -- Person with the smaller id
  b.person_id as t,                   -- Person with the larger id
  min(a.started_at) as first_at,      -- Start of the first event that they shared, UTC
  min(case when not a.is_directed or a.is_initiator or b.is_initiator then a.started_at end) as tied_at -- Start of the first one that makes a tie of them; empty: none did
from seat a
join seat b on b.day = a.day and b.channel = a.channel and b.is_directed = a.is_directed
  and b.event_id = a.event_id and a.person_id < b.person_id
group by a.day, a.channel, a.person_id, b.person_id
