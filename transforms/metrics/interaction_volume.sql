/*
title_en = "Interaction volume"
title_nl = "Omvang van de interactie"
definition_en = "How much interaction there is: events, their weight and hours, the people who take part and the ties between them. A unit's weight is half of that of each tie on its side, so units add up to the network."
definition_nl = "Hoeveel interactie er is: gebeurtenissen, hun gewicht en uren, de mensen die meedoen en de verbindingen tussen hen. Het gewicht van een eenheid is de helft van dat van elke verbinding aan haar kant, zodat eenheden optellen tot het netwerk."
reading_en = "Look here first when another number moves. More is not better, and a holiday, a reorganisation or a new export moves it too. Events and people of the units do not add up to those of the network: one event can have people of several units."
reading_nl = "Kijk hier het eerst als een ander getal beweegt. Meer is niet beter, en ook een vakantie, een reorganisatie of een nieuwe export laat het bewegen. Gebeurtenissen en mensen van de eenheden tellen niet op tot die van het netwerk: aan één gebeurtenis kunnen mensen van meer eenheden meedoen."
example_en = "A meeting of 4 people, an hour long, makes 6 pairs with a weight of 1/3 each. Together that is 6 / 3 = 2 of weight, and 2 hours."
example_nl = "Een overleg van 4 mensen dat een uur duurt, geeft 6 paren met elk een gewicht van 1/3. Samen is dat 6 / 3 = 2 aan gewicht, en 2 uur."
question = "lively"
grains = ["day", "week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "context"
reference = "Newman 2001"

[measures.events]
title_en = "Events"
title_nl = "Gebeurtenissen"
unit = "events"
range = ">= 0"
formula_en = "number of events; for a unit those that its people took part in"
formula_nl = "aantal gebeurtenissen; voor een eenheid die waaraan haar mensen meededen"

[measures.broadcasts]
title_en = "Events for too many people to be a tie"
title_nl = "Gebeurtenissen voor te veel mensen om een verbinding te zijn"
unit = "events"
range = ">= 0"
formula_en = "number of those events with more people than the size cap"
formula_nl = "aantal van die gebeurtenissen met meer mensen dan de grens"

[measures.weight]
title_en = "Weight"
title_nl = "Gewicht"
unit = "weight"
range = ">= 0"
formula_en = "sum of the weights of the ties; for a unit half of each tie on its side"
formula_nl = "som van de gewichten van de verbindingen; voor een eenheid de helft van elke verbinding aan haar kant"

[measures.hours]
title_en = "Hours together in meetings"
title_nl = "Uren samen in overleg"
unit = "hours"
range = ">= 0"
formula_en = "sum over the ties of their hours in meetings, where a pair in a meeting of n people gets length / (n - 1); for a unit half of each on its side"
formula_nl = "som over de verbindingen van hun uren in overleg, waarbij een paar in een overleg van n mensen duur / (n - 1) krijgt; voor een eenheid de helft van elk aan haar kant"

[measures.people]
title_en = "Active people"
title_nl = "Actieve mensen"
unit = "people"
range = ">= 0"
formula_en = "number of different people who took part in anything"
formula_nl = "aantal verschillende mensen dat ergens aan meedeed"

[measures.ties]
title_en = "Active ties"
title_nl = "Actieve verbindingen"
unit = "ties"
range = ">= 0"
formula_en = "number of pairs of people who did something together"
formula_nl = "aantal paren van mensen die samen iets deden"
*/
-- period: grain
with events as (
  select c.grain, c.period, v.channel, d.boundary, d.unit, sum(d.events) as events, sum(d.broadcasts) as broadcasts
  from calendar c
  join unit_event_day d on d.day = c.day
  join scope v on v.covers = d.channel
  group by c.grain, c.period, v.channel, d.boundary, d.unit
), people as (
  select grain, period, channel, boundary, unit, count(*) as people,
    max(n) * 1.0 / nullif(sum(n), 0) as top_share
  from presence
  group by grain, period, channel, boundary, unit
  union all
  select grain, period, channel, boundary, '(all)' as unit, count(*) as people,
    max(part) / nullif(sum(part), 0) as top_share
  from (
    select grain, period, channel, boundary, person_id, sum(part) as part from presence
    group by grain, period, channel, boundary, person_id
  ) person
  group by grain, period, channel, boundary
), interaction as (
  select grain, period, channel, boundary, unit_s, unit_t, sum(w) as w, sum(h) as h
  from unit_tie
  group by grain, period, channel, boundary, unit_s, unit_t
), tied as (
  select distinct grain, period, channel, boundary, unit, s, t
  from (
    select grain, period, channel, boundary, unit_s as unit, s, t from unit_tie
    union all
    select grain, period, channel, boundary, unit_t, s, t from unit_tie where unit_t <> unit_s
  ) half
), side as (
  select grain, period, channel, boundary, unit_s as unit, w / 2 as w, h / 2 as h, 0 as ties from interaction
  union all
  select grain, period, channel, boundary, unit_t, w / 2, h / 2, 0 from interaction
  union all
  select grain, period, channel, boundary, unit, 0.0, 0.0, count(*) from tied
  group by grain, period, channel, boundary, unit
), ties as (
  select grain, period, channel, boundary, unit, sum(w) as weight, sum(h) as hours, sum(ties) as ties
  from side
  group by grain, period, channel, boundary, unit
  union all
  select t.grain, t.period, t.channel, b.boundary, '(all)' as unit, sum(t.w) as weight, sum(t.h) as hours, count(*) as ties
  from tie t
  cross join boundary b
  group by t.grain, t.period, t.channel, b.boundary
), wide as (
  select e.grain, e.period, e.channel, e.boundary, e.unit, e.events, e.broadcasts,
    coalesce(t.weight, 0) as weight, coalesce(t.hours, 0) as hours, coalesce(t.ties, 0) as ties,
    p.people, p.top_share
  from events e
  join people p on p.grain = e.grain and p.period = e.period and p.channel = e.channel
    and p.boundary = e.boundary and p.unit = e.unit
  left join ties t on t.grain = e.grain and t.period = e.period and t.channel = e.channel
    and t.boundary = e.boundary and t.unit = e.unit
)
select 'events' as measure, grain, period, channel, boundary, unit, '(all)' as other_unit, events as value, people, top_share from wide
union all
select 'broadcasts', grain, period, channel, boundary, unit, '(all)', broadcasts, people, top_share from wide
union all
select 'weight', grain, period, channel, boundary, unit, '(all)', weight, people, top_share from wide
union all
select 'hours', grain, period, channel, boundary, unit, '(all)', hours, people, top_share from wide
where channel in ('meeting', '(all)')
union all
select 'people', grain, period, channel, boundary, unit, '(all)', people, people, top_share from wide
union all
select 'ties', grain, period, channel, boundary, unit, '(all)', ties, people, top_share from wide
