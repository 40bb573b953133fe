/* How many people carry a unit's ties with other units, or those of all units together. */
-- period: grain
with across as (
  select grain, period, boundary, unit_s as unit, s as person_id, w from unit_tie
  where channel = '(all)' and (unit_s <> unit_t or unit_s = '(other)') and unit_s <> '(unknown)' and unit_t <> '(unknown)'
  union all
  select grain, period, boundary, unit_t as unit, t as person_id, w from unit_tie
  where channel = '(all)' and (unit_s <> unit_t or unit_s = '(other)') and unit_s <> '(unknown)' and unit_t <> '(unknown)'
), person as (
  select grain, period, boundary, unit, person_id, sum(w) as w, 1 as touched
  from across
  group by grain, period, boundary, unit, person_id
  union all
  select grain, period, boundary, '(all)' as unit, person_id, sum(w) as w, 2 as touched
  from across
  group by grain, period, boundary, person_id
)
select
  grain,                                              -- day, week, month or quarter
  period,                                             -- First day of the period
  boundary,                                           -- organisation, team, ...
  unit,                                               -- Unit, or (all)
  count(*) as people,                                 -- People with a tie to another unit
  max(w * touched) / nullif(sum(w), 0) as top_share   -- Part of the weight of those ties that touches the most active one
from person
group by grain, period, boundary, unit
