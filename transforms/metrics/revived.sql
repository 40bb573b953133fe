/*
title_en = "Revived ties"
title_nl = "Herleefde verbindingen"
definition_en = "Ties between people of different units that came back after more than resumed_within periods, and over how many people reviving them is spread: as many as would revive equally often to give the same spread. Who revives: whoever began the event in which the two met again, one of them or a third. Nobody is named or ranked. With fewer than initiator_acts it is not told; where nobody revived twice there is no number but only a lower end: more than that many."
definition_nl = "Verbindingen tussen mensen van verschillende eenheden die na meer dan resumed_within perioden terugkwamen, en over hoeveel mensen het doen herleven verdeeld is: zo veel als er met gelijke inbreng dezelfde spreiding zouden geven. Wie doet herleven: wie de gebeurtenis begon waarin de twee elkaar weer troffen, een van hen of een derde. Niemand wordt genoemd of gerangschikt. Bij minder dan initiator_acts staat het er niet; waar niemand het twee keer deed is er geen getal maar alleen een ondergrens: meer dan zo veel."
reading_en = "An old tie that comes back brings trust that is there already. Many of them can also mean that the contact was lost too easily before. Early in the data there can be none. Counting who revives says over how many people that work is spread, and never who they are."
reading_nl = "Een oude verbinding die terugkomt brengt vertrouwen mee dat er al was. Veel ervan kan ook betekenen dat het contact eerder te makkelijk verloren ging. In het begin van de gegevens kunnen ze er niet zijn. Het effectief aantal zegt over hoeveel mensen dat werk verdeeld is, en nooit wie het zijn."
example_en = "Three people revive 5, 3 and 2 ties, 10 in all: 10 * 9 / (5 * 4 + 3 * 2 + 2 * 1) = 3.21."
example_nl = "Drie mensen doen 5, 3 en 2 verbindingen herleven, samen 10: 10 * 9 / (5 * 4 + 3 * 2 + 2 * 1) = 3,21."
question = "changes"
grains = ["week", "month", "quarter"]
told_of = ["network", "line"]
boundary = "any"
direction = "up"
reference = "Levin, Walter & Murnighan 2011, dormant ties; Hill 1973, order 2"

[measures.ties]
title_en = "Ties that came back after long"
title_nl = "Verbindingen die na lange tijd terugkwamen"
unit = "ties"
range = ">= 0"
formula_en = "number of ties between people of different units last seen more than resumed_within periods ago"
formula_nl = "aantal verbindingen tussen mensen van verschillende eenheden dat meer dan resumed_within perioden geleden voor het laatst gezien is"

[measures.effective]
title_en = "Effective number of people who revive them"
title_nl = "Effectief aantal mensen dat ze doet herleven"
unit = "index"
range = ">= 1"
told_of = ["network"]
formula_en = "X (X - 1) / sum of x (x - 1) over people, where x is how many ties one of them revived and X how many all did"
formula_nl = "X (X - 1) / som van x (x - 1) over mensen, waar x is hoeveel verbindingen een van hen deed herleven en X hoeveel allen samen"
*/
-- period: grain
with placed as (
  -- After some days of silence nothing is revived, so the finest period is the week.
  select u.grain, u.period, u.channel, u.boundary, u.s, u.t,
    least(u.unit_s, u.unit_t) as unit, greatest(u.unit_s, u.unit_t) as other_unit,
    case when u.unit_s < u.unit_t then u.s else u.t end as person,
    case when u.unit_s < u.unit_t then u.t else u.s end as other_person
  from unit_tie u
  join tie_gap g on g.grain = u.grain and g.period = u.period and g.channel = u.channel and g.s = u.s and g.t = u.t
  where u.grain <> 'day' and g.gap > $resumed_within
    and (u.unit_s <> u.unit_t or u.unit_s = '(other)') and u.unit_s <> '(unknown)' and u.unit_t <> '(unknown)'
), network as (
  select distinct grain, period, channel, boundary, s, t from placed
), act as (
  select n.grain, n.period, n.channel, n.boundary, g.person_id, count(*) as acts
  from network n
  join revival g on g.grain = n.grain and g.period = n.period and g.channel = n.channel
    and g.s = n.s and g.t = n.t
  group by n.grain, n.period, n.channel, n.boundary, g.person_id
), reviver as (
  select grain, period, channel, boundary, cast(sum(acts) as double) as acts,
    cast(sum(acts * (acts - 1)) as double) as again, max(acts) as top, count(*) as people
  from act
  group by grain, period, channel, boundary
), told as (
  select *, case when acts >= $initiator_acts then acts end as enough from reviver
), side as (
  select grain, period, channel, boundary, '(all)' as unit, '(all)' as other_unit, s, t, s as person,
    cast(null as bigint) as other_person
  from network
  union all
  select grain, period, channel, boundary, '(all)', '(all)', s, t, t, null from network
  union all
  select distinct grain, period, channel, boundary, unit, other_unit, s, t, person, other_person from placed
  where unit <> other_unit
), tied as (
  select grain, period, channel, boundary, unit, other_unit,
    count(*) / case when unit = '(all)' then 2 else 1 end as ties,
    count(distinct person) as people,
    case when unit <> '(all)' then count(distinct other_person) end as other_people
  from side
  group by grain, period, channel, boundary, unit, other_unit
), person as (
  select grain, period, channel, boundary, unit, other_unit, person, count(*) as n
  from (
    select grain, period, channel, boundary, unit, other_unit, person from side
    union all
    select grain, period, channel, boundary, unit, other_unit, other_person from side where other_person is not null
  ) half
  group by grain, period, channel, boundary, unit, other_unit, person
), top as (
  select grain, period, channel, boundary, unit, other_unit, max(n) as n
  from person
  group by grain, period, channel, boundary, unit, other_unit
)
select 'ties' as measure, grain, period, channel, boundary, unit, other_unit,
  cast(ties as double) as value, cast(null as double) as numerator, cast(null as double) as denominator,
  people, other_people, n / ties as top_share, cast(null as double) as low
from tied
join top using (grain, period, channel, boundary, unit, other_unit)
union all
select 'effective', grain, period, channel, boundary, '(all)', '(all)',
  enough * (acts - 1) / nullif(again, 0), enough * (acts - 1), case when enough is not null then nullif(again, 0) end,
  people, null, top / acts, case when again = 0 then enough end
from told
