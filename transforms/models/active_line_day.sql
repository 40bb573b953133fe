/* Lines on which anything happened on a day, between two units or within one.

Units in alphabetical order; a unit with itself is its inside. */
-- period: day
with placed as (
  select d.day, d.channel, b.boundary,
    coalesce(m.unit, '(unknown)') as unit_s, coalesce(o.unit, '(unknown)') as unit_t
  from tie_day d
  cross join boundary b
  left join membership m
    on m.person_id = d.s and m.boundary = b.boundary and d.day between m.valid_from and m.valid_to
  left join membership o
    on o.person_id = d.t and o.boundary = b.boundary and d.day between o.valid_from and o.valid_to
)
select
  day,                                  -- Day in the network's time zone
  channel,                              -- meeting, message or work
  boundary,                             -- organisation, team, ...
  least(unit_s, unit_t) as unit,        -- First unit
  greatest(unit_s, unit_t) as other_unit, -- Second unit
  count(*) as ties                      -- Active ties; one of a person in two units counts with each
from placed
group by day, channel, boundary, least(unit_s, unit_t), greatest(unit_s, unit_t)
