/*
title_en = "Connector dependence"
title_nl = "Afhankelijkheid van verbinders"
definition_en = "How much of the weight between units would go if the busiest connectors left: the part that touches the one, two or three people with most weight across boundaries, or the top share of them (connector_share). For a unit: the part of its outward weight that its own busiest connectors carry. Beside it stands what the leaving of as many people by chance would cost; far above that, the network is fragile. Who they are is not kept."
definition_nl = "Hoeveel van het gewicht tussen eenheden zou wegvallen als de drukste verbinders vertrokken: het deel dat de een, twee of drie mensen met het meeste gewicht over grenzen heen raakt, of het bovenste deel van hen (connector_share). Voor een eenheid: het deel van haar gewicht naar buiten dat haar eigen drukste verbinders dragen. Ernaast staat wat het vertrek van evenveel willekeurige mensen zou kosten; ver daarboven is het netwerk kwetsbaar. Wie het zijn, wordt niet bewaard."
formula_en = "weight across boundaries that touches those people / all weight across boundaries"
formula_nl = "gewicht over grenzen heen dat die mensen raakt / alle gewicht over grenzen heen"
reading_en = "Look at the distance from what chance would cost; in a small network every departure costs much. It says what hangs on a few people today, not that it would stay lost: others can take over. It is a reason to share the work, never one to look for who it is."
reading_nl = "Kijk naar de afstand tot wat toeval zou kosten; in een klein netwerk kost elk vertrek veel. Het zegt wat nu aan enkelen hangt, niet dat het verloren zou blijven: anderen kunnen het overnemen. Het is een reden om het werk te delen, nooit om te zoeken wie het is."
example_en = "Of a weight of 70 between units the busiest connector touches 40: 40 / 70 = 0.571. Where somebody by chance would take 0.25 along, that is much."
example_nl = "Van een gewicht van 70 tussen eenheden raakt de drukste verbinder 40: 40 / 70 = 0,571. Waar een willekeurig iemand 0,25 zou meenemen, is dat veel."
question = "fragile"
grains = ["week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "down"
reference = "Albert, Jeong & Barabási 2000, attack against failure; counted in weight across boundaries"

[measures.loss_1]
title_en = "Lost without the busiest connector"
title_nl = "Verlies zonder de drukste verbinder"
unit = "ratio"
range = "0 to 1"

[measures.loss_2]
title_en = "Lost without the two busiest connectors"
title_nl = "Verlies zonder de twee drukste verbinders"
unit = "ratio"
range = "0 to 1"

[measures.loss_3]
title_en = "Lost without the three busiest connectors"
title_nl = "Verlies zonder de drie drukste verbinders"
unit = "ratio"
range = "0 to 1"

[measures.loss_share]
title_en = "Lost without the top share of connectors"
title_nl = "Verlies zonder het bovenste deel van de verbinders"
unit = "ratio"
range = "0 to 1"
told_of = ["network"]
*/
-- period: grain
with across as (
  select grain, period, channel, boundary, unit_s, unit_t, s, t, w
  from unit_tie
  -- The busiest of one day is chance.
  where grain <> 'day' and (unit_s <> unit_t or unit_s = '(other)') and unit_s <> '(unknown)' and unit_t <> '(unknown)'
), half as (
  select grain, period, channel, boundary, unit_s as unit, s as person_id, w from across
  union all
  select grain, period, channel, boundary, unit_t as unit, t as person_id, w from across
), strength as (
  select grain, period, channel, boundary, unit, person_id, sum(w) as w
  from half
  group by grain, period, channel, boundary, unit, person_id
), ranked as (
  -- Rounded, so that equals stay equal in whatever order their weights were added.
  select grain, period, channel, boundary, person_id,
    row_number() over (
      partition by grain, period, channel, boundary order by round(sum(w), 9) desc, person_id
    ) as place
  from strength
  group by grain, period, channel, boundary, person_id
), lost as (
  -- What goes with each place: of the network what no higher place has taken along already.
  select a.grain, a.period, a.channel, a.boundary, '(all)' as unit, least(s.place, t.place) as place, a.w
  from across a
  join ranked s on s.grain = a.grain and s.period = a.period and s.channel = a.channel
    and s.boundary = a.boundary and s.person_id = a.s
  join ranked t on t.grain = a.grain and t.period = a.period and t.channel = a.channel
    and t.boundary = a.boundary and t.person_id = a.t
  union all
  select grain, period, channel, boundary, unit,
    row_number() over (
      partition by grain, period, channel, boundary, unit order by round(w, 9) desc, person_id
    ) as place, w
  from strength
), size as (
  select grain, period, boundary, unit, people from frame
  union all
  select grain, period, boundary, '(all)' as unit, cast(sum(people) as bigint) as people from frame
  group by grain, period, boundary
), cut as (
  select 'loss_1' as measure, 1 as k
  union all
  select 'loss_2', 2
  union all
  select 'loss_3', 3
), leaving as (
  select c.measure, z.grain, z.period, z.boundary, z.unit, z.people, least(c.k, z.people) as k
  from size z
  cross join cut c
  union all
  -- In most units this would be one person, which loss_1 tells.
  select 'loss_share', grain, period, boundary, unit, people, ceil($connector_share * people - 1e-9)
  from size
  where unit = '(all)'
), summed as (
  select g.measure, g.grain, g.period, l.channel, g.boundary, g.unit, g.people, g.k,
    sum(case when l.place <= g.k then l.w else 0 end) as lost, sum(l.w) as w
  from leaving g
  join lost l on l.grain = g.grain and l.period = g.period and l.boundary = g.boundary and l.unit = g.unit
  group by g.measure, g.grain, g.period, l.channel, g.boundary, g.unit, g.people, g.k
)
select measure, grain, period, channel, boundary, unit, '(all)' as other_unit,
  lost / nullif(w, 0) as value, lost as numerator, nullif(w, 0) as denominator, people,
  case when unit = '(all)'
    then 1 - (people - k) * (people - k - 1.0) / nullif(people * (people - 1.0), 0)
    else k * 1.0 / nullif(people, 0) end as expected
from summed
