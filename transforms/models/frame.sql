/* Size of each unit: the people on the directory's books in the period, isolates included, and those
whom only their domain places, in the periods in which they are active. Each person counts once, in the
unit with the largest share on the last day. */
-- period: grain
with span as (
  select grain, period, min(day) as first_day, max(day) as last_day
  from calendar group by grain, period
), placed as (
  select s.grain, s.period, m.boundary, m.person_id, m.unit, m.valid_to, m.share
  from span s
  join membership m
    on m.origin = 'directory' and m.valid_from <= s.last_day and m.valid_to >= s.first_day
  union all
  select p.grain, p.period, m.boundary, m.person_id, m.unit, m.valid_to, m.share
  from (select distinct grain, period, boundary, person_id from presence where channel = '(all)') p
  join span s on s.grain = p.grain and s.period = p.period
  join membership m
    on m.origin = 'domain' and m.boundary = p.boundary and m.person_id = p.person_id
    and m.valid_from <= s.last_day and m.valid_to >= s.first_day
), ranked as (
  select grain, period, boundary, unit,
    row_number() over (
      partition by grain, period, boundary, person_id order by valid_to desc, share desc, unit
    ) as place
  from placed
)
select
  grain,               -- day, week, month or quarter
  period,              -- First day of the period
  boundary,            -- organisation, team, ...
  unit,                -- The unit
  count(*) as people   -- People on its books
from ranked
where place = 1
group by grain, period, boundary, unit
