/*
title_en = "Reciprocity"
title_nl = "Wederkerigheid"
definition_en = "How far people return what they get: the part of all messages, assignments and mentions between people that is matched by as much the other way. 0: all one-way traffic, 1: people give each other as much as they get. For the network as a whole, within a unit, and on the line between two units, where only what passes between the two counts. Unknown people count in the network as a whole only."
definition_nl = "In hoeverre mensen teruggeven wat ze krijgen: het deel van alle berichten, toewijzingen en vermeldingen tussen mensen waar evenveel in de andere richting tegenover staat. 0: alles eenrichtingsverkeer, 1: mensen geven elkaar over en weer evenveel. Voor het netwerk als geheel, binnen een eenheid, en op de lijn tussen twee eenheden, waar alleen telt wat tussen die twee gaat. Onbekenden tellen alleen in het netwerk als geheel."
reading_en = "News, minutes and tasks go one way by their nature, so 1 is no target. An answer given in a meeting is not seen. Compare a line with its own past: a fall means that one side has stopped answering in kind."
reading_nl = "Nieuws, verslagen en taken gaan van nature één kant op; 1 is dus geen doel. Een antwoord in een overleg is niet te zien. Vergelijk een lijn met haar eigen verleden: een daling wil zeggen dat één kant minder terug is gaan doen."
example_en = "One person writes another 3 messages and gets 1 back. Of these 4 messages one in each direction is matched: 2 / 4 = 0.5."
example_nl = "Iemand schrijft een ander 3 berichten en krijgt er 1 terug. Van deze 4 berichten staat er in elke richting één tegenover een ander: 2 / 4 = 0,5."
question = "lively"
grains = ["day", "week", "month", "quarter"]
told_of = ["network", "line"]
boundary = "any"
direction = "up"
reference = "Squartini, Picciolo, Ruzzenenti & Garlaschelli 2013"

[measures.weighted]
title_en = "Part of the weight that is returned"
title_nl = "Deel van het gewicht dat wordt beantwoord"
unit = "ratio"
range = "0 to 1"
formula_en = "weight that is matched by as much in the other direction, pair by pair / all weight"
formula_nl = "gewicht waar per paar evenveel in de andere richting tegenover staat / alle gewicht"

[measures.unweighted]
title_en = "Part of the directed ties that run both ways"
title_nl = "Deel van de gerichte verbindingen dat beide kanten op gaat"
unit = "ratio"
range = "0 to 1"
formula_en = "directed ties of which the other direction exists too / all directed ties"
formula_nl = "gerichte verbindingen waarvan ook de andere richting bestaat / alle gerichte verbindingen"
*/
-- period: grain
with act as (
  -- On one line, or in one unit, a day is too short for an answer: there it would be noise.
  select grain, period, channel, boundary, least(unit_s, unit_t) as unit, greatest(unit_s, unit_t) as other_unit,
    s, t, w, unit_s < unit_t or (unit_s = unit_t and s < t) as is_forth
  from unit_act
  where grain <> 'day' and unit_s <> '(unknown)' and unit_t <> '(unknown)'
  union all
  -- The network as a whole is the same for every boundary.
  select c.grain, c.period, v.channel, '(all)' as boundary, '(all)' as unit, '(all)' as other_unit,
    d.s, d.t, d.w, d.s < d.t as is_forth
  from calendar c
  join act_day d on d.day = c.day
  join scope v on v.covers = d.channel
), turned as (
  select grain, period, channel, boundary, unit, other_unit, case when is_forth then s else t end as a,
    case when is_forth then t else s end as b, case when is_forth then w else 0.0 end as forth,
    case when is_forth then 0.0 else w end as back
  from act
), pair as (
  select grain, period, channel, boundary, unit, other_unit, a, b, sum(forth) as forth, sum(back) as back
  from turned
  group by grain, period, channel, boundary, unit, other_unit, a, b
), dyad as (
  select grain, period, channel, boundary, unit, other_unit, a, b,
    forth + back as w, 2 * least(forth, back) as returned,
    case when forth > 0 then 1 else 0 end + case when back > 0 then 1 else 0 end as arcs,
    case when forth > 0 and back > 0 then 2 else 0 end as mutual
  from pair
), carrier as (
  select grain, period, channel, boundary, unit, other_unit, person, max(is_first) as is_first,
    max(is_other) as is_other, sum(w) as touched, sum(arcs) as touched_arcs
  from (
    select grain, period, channel, boundary, unit, other_unit, a as person, 1 as is_first,
      case when unit = other_unit then 1 else 0 end as is_other, w, arcs
    from dyad
    union all
    select grain, period, channel, boundary, unit, other_unit, b as person,
      case when unit = other_unit then 1 else 0 end as is_first, 1 as is_other, w, arcs
    from dyad
  ) half
  group by grain, period, channel, boundary, unit, other_unit, person
), people as (
  select grain, period, channel, boundary, unit, other_unit, max(touched) as top, max(touched_arcs) as top_arcs,
    sum(is_first) as people, case when unit <> '(all)' then sum(is_other) end as other_people
  from carrier
  group by grain, period, channel, boundary, unit, other_unit
), total as (
  select grain, period, channel, boundary, unit, other_unit, nullif(sum(w), 0) as w, sum(returned) as returned,
    nullif(sum(arcs), 0) as arcs, sum(mutual) as mutual
  from dyad
  group by grain, period, channel, boundary, unit, other_unit
), summed as (
  select t.*, p.top, p.top_arcs, p.people, p.other_people
  from total t
  join people p using (grain, period, channel, boundary, unit, other_unit)
), shown as (
  select boundary, boundary as counted_as from boundary
  union all
  select boundary, '(all)' as counted_as from boundary
)
select 'weighted' as measure, l.grain, l.period, l.channel, b.boundary, l.unit, l.other_unit,
  l.returned / l.w as value, l.returned as numerator, l.w as denominator, l.people, l.other_people,
  l.top / l.w as top_share
from summed l
join shown b on b.counted_as = l.boundary
union all
select 'unweighted', l.grain, l.period, l.channel, b.boundary, l.unit, l.other_unit,
  l.mutual * 1.0 / l.arcs, l.mutual, l.arcs, l.people, l.other_people, l.top_arcs * 1.0 / l.arcs
from summed l
join shown b on b.counted_as = l.boundary
