/*
title_en = "Response"
title_nl = "Reactie"
definition_en = "How often and how soon people answer when they are asked. Asked is everybody to whom a message that opens a conversation is addressed; the answer is the next message of that person in it or in reply to that message, within answer_days. This line has a direction: its first unit asks and its second is asked, so A-B and B-A are two. The network is all lines between units together; what a unit asks its own people stands beside it. The rate counts only what was asked so long ago that answer_days have passed, with Wilson's interval. The time is that within which half is answered; what has no answer counts as not answered yet (Kaplan-Meier), and where less than half is ever answered there is none. A person in several units counts in each."
definition_nl = "Hoe vaak en hoe snel mensen antwoorden als hun iets gevraagd wordt. Gevraagd is ieder aan wie een bericht gericht is dat een gesprek opent; het antwoord is het volgende bericht van die persoon daarin of in reactie op dat bericht, binnen answer_days. Deze lijn heeft een richting: de eerste eenheid vraagt en de tweede wordt gevraagd, dus A-B en B-A zijn er twee. Het netwerk is alle lijnen tussen eenheden samen; wat een eenheid haar eigen mensen vraagt staat ernaast. Het aandeel telt alleen wat zo lang geleden gevraagd is dat answer_days voorbij zijn, met het interval van Wilson. De tijd is die waarbinnen de helft beantwoord is; wat geen antwoord heeft, geldt als nog niet beantwoord (Kaplan-Meier), en waar nooit de helft beantwoord wordt, is er geen. Wie in meer eenheden zit telt in elk mee."
reading_en = "An answer by telephone or in a meeting is not seen, so more is answered than this says. The hours run on at night and in weekends. It tells of lines, never of a person. Where little was asked, the interval is wide."
reading_nl = "Een antwoord per telefoon of in een overleg is niet te zien, dus er wordt meer beantwoord dan hier staat. De uren lopen 's nachts en in het weekend door. Het gaat over lijnen, nooit over een persoon. Waar weinig gevraagd werd, is het interval breed."
example_en = "People of B are asked 3 times and answer twice, after 4 and after 30 hours: 2 / 3 = 0.667. Half of what was asked is answered after 30 hours. The mean of the two answers would say (4 + 30) / 2 = 17 hours, and forget the one that never came."
example_nl = "Mensen van B worden 3 keer iets gevraagd en antwoorden twee keer, na 4 en na 30 uur: 2 / 3 = 0,667. De helft van wat gevraagd is, is na 30 uur beantwoord. Het gemiddelde van de twee antwoorden zou (4 + 30) / 2 = 17 uur zeggen, en vergeet het antwoord dat nooit kwam."
question = "lively"
grains = ["week", "month", "quarter"]
told_of = ["network", "line"]
boundary = "any"
direction = "up"
reference = "Kaplan & Meier 1958; Wilson 1927"

[measures.rate]
title_en = "Part that is answered"
title_nl = "Deel dat beantwoord wordt"
unit = "ratio"
range = "0 to 1"
formula_en = "answered within answer_days / asked so long ago that answer_days have passed"
formula_nl = "beantwoord binnen answer_days / zo lang geleden gevraagd dat answer_days voorbij zijn"

[measures.time]
title_en = "Time within which half is answered"
title_nl = "Tijd waarbinnen de helft beantwoord is"
unit = "hours"
range = ">= 0"
formula_en = "hours after which half of what was asked is answered, by Kaplan-Meier"
formula_nl = "uren waarna de helft van wat gevraagd is beantwoord is, volgens Kaplan-Meier"
direction = "down"
*/
-- period: grain
with placed as (
  -- On one day too little is asked to speak of a rate.
  select c.grain, c.period, b.boundary, coalesce(m.unit, '(unknown)') as unit,
    coalesce(n.unit, '(unknown)') as other_unit, o.event_id, o.s, o.t, o.answered_after, o.waited, o.is_observed
  from calendar c
  join opportunity o on o.day = c.day
  cross join boundary b
  left join membership m
    on m.person_id = o.s and m.boundary = b.boundary and o.day between m.valid_from and m.valid_to
  left join membership n
    on n.person_id = o.t and n.boundary = b.boundary and o.day between n.valid_from and n.valid_to
  where c.grain <> 'day'
), asked as (
  select grain, period, boundary, unit, other_unit, s, t, answered_after, waited, is_observed from placed
  union all
  select grain, period, boundary, '(all)' as unit, '(all)' as other_unit, s, t, answered_after, waited, is_observed
  from (
    select distinct grain, period, boundary, event_id, s, t, answered_after, waited, is_observed
    from placed
    where (unit <> other_unit or unit = '(other)') and unit <> '(unknown)' and other_unit <> '(unknown)'
  ) across
), moment as (
  select grain, period, boundary, unit, other_unit, waited, count(*) as leaving, count(answered_after) as answered
  from asked
  group by grain, period, boundary, unit, other_unit, waited
), waiting as (
  select *, sum(leaving) over (
    partition by grain, period, boundary, unit, other_unit order by waited desc
    rows between unbounded preceding and current row
  ) as at_risk
  from moment
), curve as (
  -- The product of what remains at each moment, as a sum of logarithms; where nothing remains, as good as 0.
  select *, exp(sum(ln(greatest(1 - answered * 1.0 / at_risk, 1e-300))) over (
    partition by grain, period, boundary, unit, other_unit order by waited
    rows between unbounded preceding and current row
  )) as unanswered
  from waiting
), median as (
  select grain, period, boundary, unit, other_unit,
    min(case when unanswered <= 0.5 + 1e-9 then waited end) as hours
  from curve
  group by grain, period, boundary, unit, other_unit
), counted as (
  select grain, period, boundary, unit, other_unit, count(*) as n,
    count(case when is_observed then 1 end) as observed,
    count(case when is_observed then answered_after end) as answered
  from asked
  group by grain, period, boundary, unit, other_unit
), person as (
  select grain, period, boundary, unit, other_unit, person, max(is_first) as is_first,
    max(is_other) as is_other, count(*) as n
  from (
    select grain, period, boundary, unit, other_unit, s as person, 1 as is_first,
      case when unit = '(all)' then 1 else 0 end as is_other from asked
    union all
    select grain, period, boundary, unit, other_unit, t as person,
      case when unit = '(all)' then 1 else 0 end as is_first, 1 as is_other from asked
  ) half
  group by grain, period, boundary, unit, other_unit, person
), people as (
  select grain, period, boundary, unit, other_unit, sum(is_first) as people,
    case when unit <> '(all)' then sum(is_other) end as other_people, max(n) as top
  from person
  group by grain, period, boundary, unit, other_unit
), wide as (
  select v.channel, c.*, d.hours, p.people, p.other_people, p.top * 1.0 / c.n as top_share,
    (c.answered + 1.920729410347062) / (c.observed + 3.841458820694124) as centre,
    1.959963984540054 / (c.observed + 3.841458820694124)
      * sqrt(c.answered * 1.0 * (c.observed - c.answered) / nullif(c.observed, 0) + 0.960364705173531) as half
  from counted c
  join median d using (grain, period, boundary, unit, other_unit)
  join people p using (grain, period, boundary, unit, other_unit)
  join scope v on v.covers = 'message'
)
select 'rate' as measure, grain, period, channel, boundary, unit, other_unit,
  answered * 1.0 / nullif(observed, 0) as value, case when observed > 0 then answered end as numerator,
  nullif(observed, 0) as denominator, people, other_people, top_share,
  case when observed > 0 then greatest(0, centre - half) end as low,
  case when observed > 0 then least(1, centre + half) end as high
from wide
union all
select 'time', grain, period, channel, boundary, unit, other_unit, hours, null, null,
  people, other_people, top_share, null, null
from wide
