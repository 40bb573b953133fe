/*
title_en = "Effective number of initiators"
title_nl = "Effectief aantal initiatiefnemers"
definition_en = "Over how many people taking the initiative is spread: as many as would begin equally often to give the same spread. Who begins: the sender of a message that answers none, who assigns or mentions somebody, the organiser of a meeting (every one of a series counts; events of too many people to be a tie do not). Nobody is named or ranked. With fewer such acts than initiator_acts it is not told. Where nobody began twice there is no number but only a lower end: more than that many. A person in several units counts in each; unknown people only in the network as a whole."
definition_nl = "Over hoeveel mensen het initiatief verdeeld is: zo veel als er met gelijke inbreng dezelfde spreiding zouden geven. Wie begint: de afzender van een bericht dat nergens op antwoordt, wie iemand een taak geeft of noemt, de organisator van een overleg (elk van een reeks telt; gebeurtenissen van te veel mensen om een verbinding te zijn niet). Niemand wordt genoemd of gerangschikt. Bij minder van zulke handelingen dan initiator_acts staat het er niet. Waar niemand twee keer begon is er geen getal maar alleen een ondergrens: meer dan zo veel. Wie in meer eenheden zit telt in elk mee; onbekenden alleen in het netwerk als geheel."
reading_en = "Set it beside the number of active people: 20 is much of 40 and little of 400. Two people who begin nearly everything give about 2, however many take part. A fall with equal activity means that leadership narrows. There is no right number: in a quiet period a few may carry it."
reading_nl = "Leg het naast het aantal actieve mensen: 20 is veel van 40 en weinig van 400. Twee mensen die bijna alles beginnen geven ongeveer 2, hoeveel er ook meedoen. Een daling bij gelijke drukte wil zeggen dat het leiderschap smaller wordt. Een juist getal is er niet: in een rustige periode mogen enkelen het dragen."
example_en = "Four people begin 6, 4, 3 and 1 times, 14 in all: 14 * 13 / (6 * 5 + 4 * 3 + 3 * 2 + 1 * 0) = 3.79. Whoever began most: 6 / 14 = 0.429."
example_nl = "Vier mensen beginnen 6, 4, 3 en 1 keer, samen 14: 14 * 13 / (6 * 5 + 4 * 3 + 3 * 2 + 1 * 0) = 3,79. Wie het meest begon: 6 / 14 = 0,429."
question = "shared"
grains = ["week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "up"
reference = "Hill 1973, order 2; Simpson 1949, unbiased"

[measures.effective]
title_en = "Effective number of initiators"
title_nl = "Effectief aantal initiatiefnemers"
unit = "index"
range = ">= 1"
formula_en = "X (X - 1) / sum of x (x - 1) over people, where x is how often one of them began something and X how often all did"
formula_nl = "X (X - 1) / som van x (x - 1) over mensen, waar x is hoe vaak een van hen iets begon en X hoe vaak allen samen"

[measures.top_share]
title_en = "Part begun by whoever began most"
title_nl = "Deel begonnen door wie het meest begon"
unit = "ratio"
range = "0 to 1"
formula_en = "acts of whoever began most / all acts that begin something"
formula_nl = "handelingen van wie het meest begon / alle handelingen waarmee iets begint"
direction = "down"

[measures.acts]
title_en = "Acts that begin something"
title_nl = "Handelingen waarmee iets begint"
unit = "acts"
range = ">= 0"
formula_en = "number of acts that begin something"
formula_nl = "aantal handelingen waarmee iets begint"
direction = "context"
*/
-- period: grain
with act as (
  -- On one day few begin anything twice: there the number would be noise.
  select c.grain, c.period, v.channel, b.boundary, m.unit, i.person_id, count(*) as acts
  from calendar c
  join initiative_day i on i.day = c.day
  join scope v on v.covers = i.channel
  cross join boundary b
  join membership m
    on m.person_id = i.person_id and m.boundary = b.boundary and i.day between m.valid_from and m.valid_to
  where c.grain <> 'day'
  group by c.grain, c.period, v.channel, b.boundary, m.unit, i.person_id
  union all
  select c.grain, c.period, v.channel, b.boundary, '(all)' as unit, i.person_id, count(*) as acts
  from calendar c
  join initiative_day i on i.day = c.day
  join scope v on v.covers = i.channel
  cross join boundary b
  where c.grain <> 'day'
  group by c.grain, c.period, v.channel, b.boundary, i.person_id
), unit_count as (
  select grain, period, channel, boundary, unit, cast(sum(acts) as double) as acts,
    cast(sum(acts * (acts - 1)) as double) as again, max(acts) as top, count(*) as people
  from act
  group by grain, period, channel, boundary, unit
), told as (
  select *, case when acts >= $initiator_acts then acts end as enough, top / acts as top_share
  from unit_count
)
select 'effective' as measure, grain, period, channel, boundary, unit, '(all)' as other_unit,
  enough * (acts - 1) / nullif(again, 0) as value, enough * (acts - 1) as numerator,
  case when enough is not null then nullif(again, 0) end as denominator, people, top_share,
  case when again = 0 then enough end as low
from told
where enough is not null or unit = '(all)'
union all
select 'top_share', grain, period, channel, boundary, unit, '(all)', top_share, null, null, people, top_share, null
from told
where enough is not null
union all
select 'acts', grain, period, channel, boundary, unit, '(all)', acts, null, null, people, top_share, null
from told
