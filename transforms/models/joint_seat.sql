/* Who was there when people of several units met in a series of meetings or worked on one item.

Acts on one item on one day are one event. Unknown people make no unit. */
-- period: day
with seat as (
  select distinct day, channel, container, case when channel = 'work' then container else event_id end as event_id, person_id
  from attendance
  where container is not null and channel <> 'message' and size > 1 and not is_broadcast
), placed as (
  select s.day, s.channel, s.container, s.event_id, s.person_id, m.boundary, m.unit
  from seat s
  join membership m on m.person_id = s.person_id and s.day between m.valid_from and m.valid_to
  join boundary b on b.boundary = m.boundary
), joint as (
  select day, channel, boundary, container, event_id
  from placed
  group by day, channel, boundary, container, event_id
  having min(unit) <> max(unit) or (min(unit) = '(other)' and min(person_id) <> max(person_id))
)
select
  p.day,             -- Day in the network's time zone
  p.channel,         -- meeting or work
  p.boundary,        -- organisation, team, ...
  p.container,       -- The series or work item
  p.event_id,        -- The meeting, or the work item on that day
  p.unit,            -- Unit of the person
  p.person_id        -- Who took part
from placed p
join joint j on j.day = p.day and j.channel = p.channel and j.boundary = p.boundary
  and j.container = p.container and j.event_id = p.event_id
