/* Who showed the events of each line: per day and source, how many it showed and how many it alone.

A line is two units in alphabetical order, or one with itself; a unit with (all) is all that it took
part in, (all) with (all) the network. Too large events are seen on units, not on lines, as they make no ties. */
-- period: day
with person as (
  select day, channel, event_id, person_id from attendance where channel <> 'work'
  union all
  -- Of work on one item each act by itself: sources show acts.
  select distinct p.day, e.channel, p.event_id, coalesce(a.person_id, p.address_id) as person_id
  from participation p
  join event e on e.day = p.day and e.event_id = p.event_id
  left join address_alias a on a.address_id = p.address_id
  where e.channel = 'work' and not e.is_automated and (p.role = 'organiser' or p.response <> 'declined')
), crowd as (
  select day, channel, event_id,
    count(*) > case channel when 'meeting' then $size_cap_meeting when 'message' then $size_cap_message
      else $size_cap_work end as is_broadcast
  from person
  group by day, channel, event_id
), present as (
  select p.day, p.channel, p.event_id, c.is_broadcast, b.boundary,
    coalesce(m.unit, '(unknown)') as unit, count(*) as people, min(p.person_id) as one
  from person p
  join crowd c on c.day = p.day and c.channel = p.channel and c.event_id = p.event_id
  cross join boundary b
  left join membership m
    on m.person_id = p.person_id and m.boundary = b.boundary and p.day between m.valid_from and m.valid_to
  group by p.day, p.channel, p.event_id, c.is_broadcast, b.boundary, coalesce(m.unit, '(unknown)')
), side as (
  select a.day, a.channel, a.event_id, a.boundary, a.unit, b.unit as other_unit
  from present a
  join present b on b.day = a.day and b.channel = a.channel and b.event_id = a.event_id
    and b.boundary = a.boundary and a.unit <= b.unit
  where not a.is_broadcast and (a.people > 1 or b.people > 1 or a.one <> b.one)
  union all
  select day, channel, event_id, boundary, unit, '(all)' as other_unit from present
  union all
  select distinct day, channel, event_id, boundary, '(all)' as unit, '(all)' as other_unit from present
), shown as (
  select day, event_id, count(*) as sources, case when min(partner) = max(partner) then 1 else 0 end as is_one_sided
  from observation
  group by day, event_id
), seen as (
  select o.day, o.event_id, o.source, s.sources, s.is_one_sided
  from observation o
  join shown s on s.day = o.day and s.event_id = o.event_id
  union all
  select day, event_id, '(all)' as source, 0 as sources, is_one_sided from shown
)
select
  s.day,                                               -- Day in the network's time zone
  s.channel,                                           -- meeting, message or work
  s.boundary,                                          -- organisation, team, ...
  s.unit,                                              -- First unit, or (all)
  s.other_unit,                                        -- Second unit, or (all)
  o.source,                                            -- Source that showed the events, or (all): each event once
  count(*) as events,                                  -- Events that it showed
  count(case when o.sources = 1 then 1 end) as alone,  -- Those that no other source showed
  cast(sum(o.is_one_sided) as bigint) as one_sided     -- Those that one partner's exports alone showed
from side s
join seen o on o.day = s.day and o.event_id = s.event_id
group by s.day, s.channel, s.boundary, s.unit, s.other_unit, o.source
