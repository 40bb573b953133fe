/* The one unit in which each person counts where people must be told apart by unit: that with most of their weight in the period. */
-- period: grain
with half as (
  -- From week up: what needs it says nothing of one day.
  select grain, period, channel, boundary, unit_s as unit, s as person_id, w
  from unit_tie
  where grain <> 'day' and unit_s not in ('(unknown)', '(other)')
  union all
  select grain, period, channel, boundary, unit_t as unit, t as person_id, w
  from unit_tie
  where grain <> 'day' and unit_t not in ('(unknown)', '(other)')
), ranked as (
  -- Rounded, so that equals stay equal in whatever order their weights were added.
  select grain, period, channel, boundary, person_id, unit,
    row_number() over (
      partition by grain, period, channel, boundary, person_id order by round(sum(w), 9) desc, unit
    ) as place
  from half
  group by grain, period, channel, boundary, person_id, unit
)
select
  grain,        -- week, month or quarter
  period,       -- First day of the period
  channel,      -- meeting, message, work or (all)
  boundary,     -- organisation, team, ...
  person_id,    -- A person with ties
  unit          -- Unit with most of the person's weight; of equal ones the first in the alphabet
from ranked
where place = 1
