/*
title_en = "Participation balance"
title_nl = "Balans in deelname"
definition_en = "In what units do together, a series of meetings or a work item, do they take part alike? 1: every unit that takes part does so as much, near 0: one of them does nearly all. A unit's part is the times its people were at a meeting, or the days on which they worked on the item. The mean over all that two or more units share, what is larger weighing more; for a unit, over what it takes part in. With fewer of these than participation_containers the balance is not told. Unknown people and events of too many people to be a tie are left out."
definition_nl = "Doen eenheden in wat zij samen doen, een reeks overleggen of een werkitem, even veel mee? 1: iedere deelnemende eenheid doet even veel, bijna 0: één van hen doet bijna alles. Het deel van een eenheid is hoe vaak haar mensen bij een overleg waren, of de dagen waarop zij aan het item werkten. Het gemiddelde over alles wat twee of meer eenheden delen, waarbij wat groter is zwaarder weegt; voor een eenheid over dat waaraan zij meedoet. Bij minder daarvan dan participation_containers staat de balans er niet. Onbekenden, en gebeurtenissen van te veel mensen om een verbinding te zijn, tellen niet mee."
reading_en = "Alike is not always right: who leads a project is there more often. Low throughout the network says that joint work is done by one party while others look on. It counts presence, not what anybody said."
reading_nl = "Gelijk is niet altijd goed: wie een project trekt, is er vaker. Laag in het hele netwerk zegt dat één partij het gezamenlijke werk doet terwijl anderen toekijken. Het telt aanwezigheid, niet wat iemand zei."
example_en = "Two units share a series. With 5 attendances each the balance is 1; with 9 and 1 it is 0.47."
example_nl = "Twee eenheden delen een reeks. Met elk 5 keer aanwezig is de balans 1; met 9 en 1 is zij 0,47."
question = "shared"
grains = ["week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "up"
reference = "Shannon 1948; Pielou 1966, evenness"

[measures.balance]
title_en = "Participation balance"
title_nl = "Balans in deelname"
unit = "ratio"
range = "0 to 1"
formula_en = "mean over shared series and items, by size, of: entropy of the units' parts / log of the number of units"
formula_nl = "gemiddelde over gedeelde reeksen en items, naar omvang, van: entropie van de delen van de eenheden / log van het aantal eenheden"

[measures.containers]
title_en = "Series and work items that units share"
title_nl = "Reeksen en werkitems die eenheden delen"
unit = "containers"
range = ">= 0"
formula_en = "number of series and work items with people of two or more units"
formula_nl = "aantal reeksen en werkitems met mensen uit twee of meer eenheden"
*/
-- period: grain
with part as (
  -- (other) is as many units as it has people.
  select grain, period, channel, boundary, container, unit,
    case when unit = '(other)' then person_id end as of_one, sum(acts) as acts
  from container_seat
  group by grain, period, channel, boundary, container, unit, case when unit = '(other)' then person_id end
), of_whole as (
  select *, sum(acts) over whole as total, count(*) over whole as units
  from part
  window whole as (partition by grain, period, channel, boundary, container)
), evenness as (
  select grain, period, channel, boundary, container, max(total) as acts,
    least(1, -sum(acts / total * ln(acts / total)) / ln(max(units))) as balance
  from of_whole
  where units > 1
  group by grain, period, channel, boundary, container
), shared as (
  select distinct p.grain, p.period, p.channel, p.boundary, p.unit, p.container, e.acts, e.balance
  from part p
  join evenness e on e.grain = p.grain and e.period = p.period and e.channel = p.channel
    and e.boundary = p.boundary and e.container = p.container
  union all
  select grain, period, channel, boundary, '(all)' as unit, container, acts, balance from evenness
), mean as (
  select grain, period, channel, boundary, unit, count(*) as containers,
    sum(acts * balance) as balanced, sum(acts) as acts
  from shared
  group by grain, period, channel, boundary, unit
), carrier as (
  select h.grain, h.period, h.channel, h.boundary, h.unit, s.person_id,
    max(case when h.unit in (s.unit, '(all)') then 1 else 0 end) as is_own, sum(s.acts) as acts
  from shared h
  join container_seat s on s.grain = h.grain and s.period = h.period and s.channel = h.channel
    and s.boundary = h.boundary and s.container = h.container
  group by h.grain, h.period, h.channel, h.boundary, h.unit, s.person_id
), people as (
  select grain, period, channel, boundary, unit, sum(is_own) as people, max(acts) as top
  from carrier
  group by grain, period, channel, boundary, unit
), told as (
  -- Of a single container nothing leaves: told from a few on.
  select m.grain, m.period, m.channel, m.boundary, m.unit, m.containers, m.balanced, p.people,
    p.top / m.acts as top_share, case when m.containers >= $participation_containers then m.acts end as enough
  from mean m
  join people p on p.grain = m.grain and p.period = m.period and p.channel = m.channel
    and p.boundary = m.boundary and p.unit = m.unit
)
select 'balance' as measure, grain, period, channel, boundary, unit, '(all)' as other_unit,
  balanced / enough as value, case when enough is not null then balanced end as numerator,
  enough as denominator, people, top_share
from told
where enough is not null or unit = '(all)'
union all
select 'containers', grain, period, channel, boundary, unit, '(all)', containers, null, null, people, top_share
from told
