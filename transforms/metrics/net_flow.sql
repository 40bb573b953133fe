/*
title_en = "Net flow"
title_nl = "Netto stroom"
definition_en = "Does a unit turn to others more than they turn to it? Weight of its messages, assignments and mentions towards other units less the weight of those it gets from them, as a part of both together: +1 it only sends, -1 it only receives, 0 both as much. What touches unknown people is left out."
definition_nl = "Wendt een eenheid zich meer tot anderen dan zij tot haar? Gewicht van haar berichten, toewijzingen en vermeldingen aan andere eenheden min het gewicht van wat zij van hen krijgt, als deel van beide samen: +1 zij zendt alleen, -1 zij ontvangt alleen, 0 evenveel. Wat onbekenden raakt telt niet mee."
formula_en = "(weight sent to other units - weight got from them) / (both together)"
formula_nl = "(gewicht naar andere eenheden - gewicht van hen) / (beide samen)"
reading_en = "Neither side is better: who helps people receives, who coordinates sends. The level tells of the task; a shift over time tells that something changed."
reading_nl = "Geen van beide kanten is beter: wie mensen helpt ontvangt, wie coördineert zendt. De hoogte hoort bij de taak; een verschuiving in de tijd zegt dat er iets veranderde."
example_en = "A unit sends 60 to others and gets 40 from them: (60 - 40) / (60 + 40) = 0.2."
example_nl = "Een eenheid zendt 60 aan anderen en krijgt 40 van hen: (60 - 40) / (60 + 40) = 0,2."
question = "carriers"
grains = ["day", "week", "month", "quarter"]
told_of = ["unit"]
boundary = "any"
direction = "context"
reference = "Net flow ratio of a directed network: (out - in) / (out + in)"

[measures.net]
title_en = "Net flow"
title_nl = "Netto stroom"
unit = "index"
range = "-1 to 1"
*/
-- period: grain
with across as (
  select * from unit_act where unit_s <> unit_t and unit_s <> '(unknown)' and unit_t <> '(unknown)'
), half as (
  -- Every act from both sides, and of each side its own person and the other's.
  select grain, period, channel, boundary, unit_s as unit, s as person, 1 as is_own, w as sent, 0.0 as received, w as touched from across
  union all
  select grain, period, channel, boundary, unit_s as unit, t as person, 0 as is_own, 0.0 as sent, 0.0 as received, w as touched from across
  union all
  select grain, period, channel, boundary, unit_t as unit, t as person, 1 as is_own, 0.0 as sent, w as received, w as touched from across
  union all
  select grain, period, channel, boundary, unit_t as unit, s as person, 0 as is_own, 0.0 as sent, 0.0 as received, w as touched from across
), carrier as (
  select grain, period, channel, boundary, unit, person, max(is_own) as is_own,
    sum(sent) as sent, sum(received) as received, sum(touched) as touched
  from half
  group by grain, period, channel, boundary, unit, person
), total as (
  select grain, period, channel, boundary, unit, sum(sent) as sent, sum(received) as received,
    nullif(sum(sent) + sum(received), 0) as w, max(touched) as top, sum(is_own) as people
  from carrier
  group by grain, period, channel, boundary, unit
)
select 'net' as measure, grain, period, channel, boundary, unit, '(all)' as other_unit,
  (sent - received) / w as value, sent - received as numerator, w as denominator, people,
  top / w as top_share
from total
