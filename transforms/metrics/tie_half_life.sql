/*
title_en = "Half-life of the ties"
title_nl = "Halfwaardetijd van de verbindingen"
definition_en = "The age at which half of the ties between people of different units have ended, judged by what became of them in the last half_life_months. A tie lasts from when the two begin until they share nothing for more than resumed_within periods; older ties count from the age at which they came into view, running ones as not ended yet (Kaplan-Meier with delayed entry). Ties of the first period of the data, whose age nobody knows, are left out. While less than half ends, there is none. A line's number is that of its own ties; that within a unit stands beside it."
definition_nl = "De leeftijd waarop de helft van de verbindingen tussen mensen van verschillende eenheden geëindigd is, gerekend naar wat er in de laatste half_life_months van ze werd. Een verbinding duurt vanaf het begin totdat de twee langer dan resumed_within perioden niets delen; oudere verbindingen tellen mee vanaf de leeftijd waarop ze in beeld kwamen, lopende als nog niet geëindigd (Kaplan-Meier met late instroom). Verbindingen uit de eerste periode van de gegevens, waarvan niemand de leeftijd weet, blijven buiten beschouwing. Zolang minder dan de helft eindigt, is er geen. Het getal van een lijn is dat van haar eigen verbindingen; dat binnen een eenheid staat ernaast."
formula_en = "age in months at which half of the ties have ended, by Kaplan-Meier"
formula_nl = "leeftijd in maanden waarop de helft van de verbindingen geëindigd is, volgens Kaplan-Meier"
reading_en = "Project work ends by its nature, so longer is not always better. A short history cannot show long ages. Empty mostly means that more than half of the ties last longer than anybody can yet say."
reading_nl = "Projecten eindigen vanzelf, dus langer is niet altijd beter. Een korte geschiedenis kan geen hoge leeftijden laten zien. Leeg betekent meestal dat meer dan de helft van de verbindingen langer duurt dan nu te zeggen is."
example_en = "Of 10 ties that begin together 3 end in their second month and 2 in their fourth: after four months (3 + 2) / 10 = 0.5 have ended, so the half-life is 4 months."
example_nl = "Van 10 verbindingen die samen beginnen eindigen er 3 in hun tweede maand en 2 in hun vierde: na vier maanden is (3 + 2) / 10 = 0,5 geëindigd, dus de halfwaardetijd is 4 maanden."
question = "changes"
grains = ["month", "quarter"]
told_of = ["network", "line"]
boundary = "any"
direction = "up"
reference = "Kaplan & Meier 1958; Burt 2000, decay of ties"

[measures.half_life]
title_en = "Age at which half of the ties have ended"
title_nl = "Leeftijd waarop de helft van de verbindingen geëindigd is"
unit = "months"
range = ">= 0"
*/
-- period: grain
-- lookback: all
with step as (
  -- A tie that rests for some weeks has not ended, so the finest period is the month.
  select distinct grain, period, idx, case grain when 'month' then 1 else 3 end as months,
    idx - cast(ceil($half_life_months / case grain when 'month' then 1.0 else 3.0 end) as integer) + 1 as opening
  from calendar
  where grain in ('month', 'quarter')
), active as (
  -- Of all channels together: a tie that goes on by mail has not ended. Spells are numbered.
  select grain, period, idx, s, t, is_opening, sum(case when gap <= $resumed_within then 0 else 1 end) over (
    partition by grain, s, t order by idx rows between unbounded preceding and current row
  ) as spell
  from tie_gap
  where grain in ('month', 'quarter') and channel = '(all)'
), spell as (
  select grain, period, idx, s, t, min(idx) over one as started,
    max(case when is_opening then 1 else 0 end) over one as is_of_unknown_age,
    lead(idx) over (partition by grain, s, t, spell order by idx) as next_idx
  from active
  window one as (partition by grain, s, t, spell)
), placed as (
  -- Each spell as it stood at the end of a period, on the line where it was last active.
  select p.grain, p.period, p.months, u.boundary, u.s, u.t,
    least(u.unit_s, u.unit_t) as unit, greatest(u.unit_s, u.unit_t) as other_unit,
    case when u.unit_s <= u.unit_t then u.s else u.t end as person,
    case when u.unit_s <= u.unit_t then u.t else u.s end as other_person,
    x.started, greatest(0, p.opening - x.started) as entry, x.idx + 1 - x.started as age,
    case when p.idx - x.idx > $resumed_within then 1 else 0 end as is_ended
  from spell x
  join step p on p.grain = x.grain and p.idx >= x.idx and p.idx < coalesce(x.next_idx, p.idx + 1) and x.idx >= p.opening
  join unit_tie u on u.grain = x.grain and u.period = x.period and u.channel = '(all)' and u.s = x.s and u.t = x.t
  where x.is_of_unknown_age = 0
), subject as (
  select distinct grain, period, months, boundary, unit, other_unit, s, t, person, other_person, started, entry, age, is_ended
  from placed
  union all
  select distinct grain, period, months, boundary, '(all)' as unit, '(all)' as other_unit, s, t, s as person,
    t as other_person, started, entry, age, is_ended
  from placed
  where (unit <> other_unit or unit = '(other)') and unit <> '(unknown)' and other_unit <> '(unknown)'
), moment as (
  select grain, period, months, boundary, unit, other_unit, age, sum(entering) as entering, sum(leaving) as leaving, sum(ended) as ended
  from (
    select grain, period, months, boundary, unit, other_unit, entry as age, 1 as entering, 0 as leaving, 0 as ended from subject
    union all
    select grain, period, months, boundary, unit, other_unit, age, 0 as entering, 1 as leaving, is_ended as ended from subject
  ) change
  group by grain, period, months, boundary, unit, other_unit, age
), exposed as (
  select *, sum(entering - leaving) over (
    partition by grain, period, boundary, unit, other_unit order by age rows between unbounded preceding and 1 preceding
  ) as at_risk
  from moment
), curve as (
  select *, exp(sum(case when ended > 0 then ln(greatest(1 - ended * 1.0 / at_risk, 1e-300)) else 0.0 end) over (
    partition by grain, period, boundary, unit, other_unit order by age rows between unbounded preceding and current row
  )) as lasting
  from exposed
), median as (
  select grain, period, boundary, unit, other_unit, min(case when lasting <= 0.5 + 1e-9 then age * months end) as months
  from curve
  group by grain, period, boundary, unit, other_unit
), person as (
  select grain, period, boundary, unit, other_unit, person, max(is_first) as is_first, max(is_other) as is_other,
    sum(n) as n
  from (
    select grain, period, boundary, unit, other_unit, person, 1 as is_first,
      case when unit = other_unit then 1 else 0 end as is_other, 1 as n from subject
    union all
    select grain, period, boundary, unit, other_unit, other_person as person,
      case when unit = other_unit then 1 else 0 end as is_first, 1 as is_other, 1 as n from subject
  ) half
  group by grain, period, boundary, unit, other_unit, person
), people as (
  select grain, period, boundary, unit, other_unit, sum(is_first) as people,
    case when unit <> '(all)' then sum(is_other) end as other_people, 2.0 * max(n) / sum(n) as top_share
  from person
  group by grain, period, boundary, unit, other_unit
)
select 'half_life' as measure, grain, period, '(all)' as channel, boundary, unit, other_unit,
  cast(m.months as double) as value, p.people, p.other_people, p.top_share
from median m
join people p using (grain, period, boundary, unit, other_unit)
