/* How often each person acted in each series and work item, with the unit as of each day.

A person in several units gives each its share. In an assignment or a mention only who gives it acts. */
-- period: grain
select
  c.grain,                 -- week, month or quarter: on one day a series has met once, which tells of no balance
  c.period,                -- First day of the period
  v.channel,               -- meeting, message, work or (all)
  b.boundary,              -- organisation, team, ...
  a.container,             -- The series or work item
  m.unit,                  -- Unit of the person
  a.person_id,             -- Who acted
  sum(m.share) as acts     -- Meetings attended, or days with work on the item
from calendar c
join attendance a on a.day = c.day
join scope v on v.covers = a.channel
cross join boundary b
join membership m
  on m.person_id = a.person_id and m.boundary = b.boundary and a.day between m.valid_from and m.valid_to
where c.grain <> 'day' and a.container is not null and not a.is_broadcast
  and (a.is_initiator or not a.is_directed)
group by c.grain, c.period, v.channel, b.boundary, a.container, m.unit, a.person_id
