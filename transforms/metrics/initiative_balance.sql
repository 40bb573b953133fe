/*
title_en = "Initiative balance"
title_nl = "Balans in initiatief"
definition_en = "Do both sides of a line begin something with the other? 1: both as often, 0: always the same side. What begins something: a message that answers none, an assignment or a mention, and a meeting, begun by the unit of its organiser. Each counts once for every other unit whose people were addressed or invited, however many they are; for a unit that only got a copy it counts for cc_weight. Every meeting of a series counts. Left out are what touches unknown people and events of too many people to be a tie."
definition_nl = "Nemen beide kanten van een lijn het initiatief naar de ander? 1: beide even vaak, 0: altijd dezelfde kant. Wat telt als begin: een bericht dat nergens op antwoordt, een toewijzing of vermelding, en een overleg, begonnen door de eenheid van de organisator. Elk telt één keer voor iedere andere eenheid waarvan mensen zijn aangeschreven of uitgenodigd, hoeveel het er ook zijn; voor een eenheid die alleen een kopie kreeg telt het voor cc_weight. Elk overleg van een reeks telt. Niet mee telt wat onbekenden raakt, en gebeurtenissen van te veel mensen om een verbinding te zijn."
reading_en = "Low is not bad by itself: a line can be new, or calling the others can be somebody's task. When it stays low, the line stops as soon as that one side does. With few acts the balance is chance."
reading_nl = "Laag is op zichzelf niet slecht: een lijn kan nieuw zijn, of het kan iemands taak zijn de anderen te bellen. Blijft het laag, dan stopt de lijn zodra die ene kant stopt. Bij weinig handelingen is de balans toeval."
example_en = "A began something with B 6 times and B with A 4 times: 1 - (6 - 4) / (6 + 4) = 0.8."
example_nl = "A begon 6 keer iets met B en B 4 keer met A: 1 - (6 - 4) / (6 + 4) = 0,8."
question = "shared"
grains = ["week", "month", "quarter"]
told_of = ["line"]
boundary = "any"
direction = "up"
reference = "1 - |I_gh - I_hg| / (I_gh + I_hg), over acts that begin something"

[measures.balance]
title_en = "Initiative balance"
title_nl = "Balans in initiatief"
unit = "ratio"
range = "0 to 1"
formula_en = "1 - difference between what both sides began / what they began together"
formula_nl = "1 - verschil tussen wat beide kanten begonnen / wat zij samen begonnen"

[measures.started_by_unit]
title_en = "Begun by the first unit"
title_nl = "Begonnen door de eerste eenheid"
unit = "acts"
range = ">= 0"
formula_en = "number of acts with which the first unit began something with the other"
formula_nl = "aantal handelingen waarmee de eerste eenheid iets met de andere begon"
direction = "context"

[measures.started_by_other]
title_en = "Begun by the other unit"
title_nl = "Begonnen door de andere eenheid"
unit = "acts"
range = ">= 0"
formula_en = "number of acts with which the other unit began something with the first"
formula_nl = "aantal handelingen waarmee de andere eenheid iets met de eerste begon"
direction = "context"
*/
-- period: grain
with start as (
  -- On one day hardly a line sees both sides begin: there the balance would be noise.
  select c.grain, c.period, v.channel, d.boundary, d.unit, d.other_unit, d.s, d.t, sum(d.starts) as starts
  from calendar c
  join unit_initiative_day d on d.day = c.day
  join scope v on v.covers = d.channel
  where c.grain <> 'day'
  group by c.grain, c.period, v.channel, d.boundary, d.unit, d.other_unit, d.s, d.t
), oriented as (
  select grain, period, channel, boundary, least(unit, other_unit) as unit, greatest(unit, other_unit) as other_unit,
    case when unit < other_unit then s else t end as person,
    case when unit < other_unit then t else s end as other_person,
    case when unit < other_unit then starts else 0.0 end as by_unit,
    case when unit < other_unit then 0.0 else starts end as by_other
  from start
), half as (
  select grain, period, channel, boundary, unit, other_unit, person, 1 as is_first, by_unit, by_other from oriented
  union all
  select grain, period, channel, boundary, unit, other_unit, other_person as person, 0 as is_first, by_unit, by_other from oriented
), seat as (
  select grain, period, channel, boundary, unit, other_unit, person, is_first, sum(by_unit) as by_unit, sum(by_other) as by_other
  from half
  group by grain, period, channel, boundary, unit, other_unit, person, is_first
), side as (
  select *, sum(by_unit) over whole as touched_by_unit, sum(by_other) over whole as touched_by_other
  from seat
  window whole as (partition by grain, period, channel, boundary, unit, other_unit, person)
), summed as (
  select grain, period, channel, boundary, unit, other_unit,
    sum(is_first * by_unit) as by_unit, sum(is_first * by_other) as by_other,
    sum(is_first) as people, sum(1 - is_first) as other_people,
    max(touched_by_unit + touched_by_other) as top,
    max(touched_by_unit) as top_by_unit, max(touched_by_other) as top_by_other,
    nullif(sum(case when is_first = 1 and by_unit > 0 then 1 else 0 end), 0) as starters,
    nullif(sum(case when is_first = 1 and by_other > 0 then 1 else 0 end), 0) as addressed,
    nullif(sum(case when is_first = 0 and by_other > 0 then 1 else 0 end), 0) as other_starters,
    nullif(sum(case when is_first = 0 and by_unit > 0 then 1 else 0 end), 0) as other_addressed
  from side
  group by grain, period, channel, boundary, unit, other_unit
), told as (
  -- Each direction tells the other where the balance is known: they are shown together or not at all.
  select *, least(starters, addressed) as fewest, least(other_starters, other_addressed) as other_fewest,
    greatest(top_by_unit / nullif(by_unit, 0), top_by_other / nullif(by_other, 0)) as top_share
  from summed
)
-- For that reason the balance goes without the two numbers it is made of.
select 'balance' as measure, grain, period, channel, boundary, unit, other_unit,
  1 - abs(by_unit - by_other) / nullif(by_unit + by_other, 0) as value,
  people, other_people, top / nullif(by_unit + by_other, 0) as top_share
from told
union all
select 'started_by_unit', grain, period, channel, boundary, unit, other_unit, by_unit, fewest, other_fewest, top_share
from told
union all
select 'started_by_other', grain, period, channel, boundary, unit, other_unit, by_other, fewest, other_fewest, top_share
from told
