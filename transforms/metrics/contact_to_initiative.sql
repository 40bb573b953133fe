/*
title_en = "From contact to joint initiative"
title_nl = "Van contact naar gezamenlijk initiatief"
definition_en = "Whether units that have met come to do something together, and how long that takes: the days from their first contact in the data until their first event in what became a joint initiative, as known at the end of each period. The time is that within which half of the lines got there; a line that has not is counted as not yet (Kaplan-Meier), and while less than half ever has, there is none."
definition_nl = "Of eenheden die elkaar ontmoetten ook samen iets gaan doen, en hoe lang dat duurt: de dagen van hun eerste contact in de gegevens tot hun eerste gebeurtenis in wat een gezamenlijk initiatief werd, zoals bekend aan het eind van elke periode. De tijd is die waarbinnen de helft van de lijnen zover was; een lijn die dat niet is, geldt als nog niet (Kaplan-Meier), en zolang minder dan de helft ooit zover komt, is er geen."
reading_en = "The first contact is the first one in the data: in a short history everything seems quick. There are few lines, so one of them moves the number. It says nothing about the worth of an initiative."
reading_nl = "Het eerste contact is het eerste in de gegevens: in een korte geschiedenis lijkt alles snel. Er zijn weinig lijnen, dus één lijn laat het getal bewegen. Over de waarde van een initiatief zegt het niets."
example_en = "Of 10 lines with contact 6 came to a joint initiative: 6 / 10 = 0.6. If the fifth of the ten did so after 40 days, the time is 40 days."
example_nl = "Van 10 lijnen met contact kwamen er 6 tot een gezamenlijk initiatief: 6 / 10 = 0,6. Als de vijfde van de tien dat na 40 dagen deed, is de tijd 40 dagen."
question = "arises"
grains = ["month", "quarter"]
told_of = ["network"]
boundary = "any"
direction = "up"
reference = "Kaplan & Meier 1958; Obstfeld 2005"

[measures.time]
title_en = "Days within which half of the lines came to a joint initiative"
title_nl = "Dagen waarbinnen de helft van de lijnen tot een gezamenlijk initiatief kwam"
unit = "days"
range = ">= 0"
formula_en = "days after which half of the lines came to a joint initiative, by Kaplan-Meier"
formula_nl = "dagen waarna de helft van de lijnen tot een gezamenlijk initiatief kwam, volgens Kaplan-Meier"
direction = "down"

[measures.reached]
title_en = "Part of the lines that came to a joint initiative"
title_nl = "Deel van de lijnen dat tot een gezamenlijk initiatief kwam"
unit = "ratio"
range = "0 to 1"
formula_en = "lines that came to a joint initiative / lines with any contact"
formula_nl = "lijnen die tot een gezamenlijk initiatief kwamen / lijnen met enig contact"
*/
-- period: grain
-- lookback: all
with step as (
  -- Lines and initiatives are few: what a week adds says nothing.
  select grain, period, max(day) as final_day
  from calendar
  where grain in ('month', 'quarter')
  group by grain, period
), between_units as (
  select day, boundary, unit, other_unit from active_line_day
  where unit <> other_unit and unit not in ('(unknown)', '(other)') and other_unit not in ('(unknown)', '(other)')
), contact as (
  select boundary, unit, other_unit, min(day) as first_day
  from between_units
  group by boundary, unit, other_unit
), birth as (
  select channel, boundary, container, day as born_on from joint_initiative where is_birth
), joined as (
  select j.boundary, j.unit, j.other_unit, b.born_on, min(j.day) as first_day
  from joint_day j
  join birth b on b.channel = j.channel and b.boundary = j.boundary and b.container = j.container
  group by j.boundary, j.unit, j.other_unit, j.channel, j.container, b.born_on
), seen as (
  -- How far the data go in the period, as lines tell it.
  select s.grain, s.period, d.boundary, max(d.day) as until
  from step s
  join (select distinct boundary, day from active_line_day) d on d.day <= s.final_day
  group by s.grain, s.period, d.boundary
), subject as (
  select s.grain, s.period, c.boundary, c.unit, c.other_unit, c.first_day, u.until, min(j.first_day) as joined_on
  from step s
  join seen u on u.grain = s.grain and u.period = s.period
  join contact c on c.boundary = u.boundary and c.first_day <= s.final_day
  left join joined j on j.boundary = c.boundary and j.unit = c.unit and j.other_unit = c.other_unit
    and greatest(j.first_day, j.born_on) <= s.final_day
  group by s.grain, s.period, c.boundary, c.unit, c.other_unit, c.first_day, u.until
), lag as (
  -- Units can be at work on one item before anybody of theirs has a tie: then no time passed.
  select grain, period, boundary, greatest(0, date_diff('day', first_day, coalesce(joined_on, until))) as days, joined_on
  from subject
), moment as (
  select grain, period, boundary, days, count(*) as leaving, count(joined_on) as joined
  from lag
  group by grain, period, boundary, days
), waiting as (
  select *, sum(leaving) over (
    partition by grain, period, boundary order by days desc rows between unbounded preceding and current row
  ) as at_risk
  from moment
), curve as (
  select *, exp(sum(ln(greatest(1 - joined * 1.0 / at_risk, 1e-300))) over (
    partition by grain, period, boundary order by days rows between unbounded preceding and current row
  )) as remaining
  from waiting
), counted as (
  select grain, period, boundary, sum(leaving) as lines, sum(joined) as joined,
    min(case when remaining <= 0.5 + 1e-9 then days end) as days
  from curve
  group by grain, period, boundary
), people as (
  select grain, period, boundary, count(distinct person) as people
  from (
    select grain, period, boundary, s as person from unit_tie
    where channel = '(all)' and unit_s <> unit_t and unit_s not in ('(unknown)', '(other)') and unit_t not in ('(unknown)', '(other)')
    union all
    select grain, period, boundary, t as person from unit_tie
    where channel = '(all)' and unit_s <> unit_t and unit_s not in ('(unknown)', '(other)') and unit_t not in ('(unknown)', '(other)')
  ) carrier
  group by grain, period, boundary
), wide as (
  select c.*, p.people
  from counted c
  join people p on p.grain = c.grain and p.period = c.period and p.boundary = c.boundary
)
select 'time' as measure, grain, period, '(all)' as channel, boundary, '(all)' as unit, '(all)' as other_unit,
  days as value, cast(null as bigint) as numerator, cast(null as bigint) as denominator, people
from wide
union all
select 'reached', grain, period, '(all)', boundary, '(all)', '(all)', joined * 1.0 / lines, joined, lines, people
from wide
