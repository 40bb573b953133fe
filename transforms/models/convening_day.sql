/* Who was at the meetings and in the messages that brought several people of several units together.

Large ones count: the size cap is about ties, and bringing a hall together is convening too. Work on an
item has nobody who convenes it. */
-- period: day
with seat as (
  select a.day, a.channel, b.boundary, coalesce(m.unit, '(unknown)') as unit, a.event_id, a.person_id, a.is_initiator
  from attendance a
  cross join boundary b
  left join membership m
    on m.person_id = a.person_id and m.boundary = b.boundary and a.day between m.valid_from and m.valid_to
  where a.channel <> 'work' and a.size >= $convening_people
), party as (
  select day, channel, boundary, event_id
  from seat
  where unit <> '(unknown)'
  group by day, channel, boundary, event_id
  having min(unit) <> max(unit) or (min(unit) = '(other)' and min(person_id) <> max(person_id))
)
select
  s.day,                           -- Day in the network's time zone
  s.channel,                       -- meeting or message
  s.boundary,                      -- organisation, team, ...
  s.unit,                          -- Unit of the person
  s.event_id,                      -- The event
  s.person_id,                     -- Who took part
  s.is_initiator as is_convener    -- Organised or sent it
from seat s
join party p on p.day = s.day and p.channel = s.channel and p.boundary = s.boundary and p.event_id = s.event_id
