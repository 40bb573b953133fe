/*
title_en = "Tie turnover"
title_nl = "Verloop van verbindingen"
definition_en = "What became of the ties: new ones, those that went on, came back or were lost since the period before. Lines follow the units of each period; the first period has nothing to compare with. From day to day it is told of the whole network only: on one line that would be noise."
definition_nl = "Wat er van de verbindingen werd: nieuwe, en die doorgingen, terugkwamen of verloren gingen sinds de vorige periode. Lijnen volgen de eenheden van elke periode; de eerste periode heeft geen vergelijking. Van dag op dag staat het er alleen voor het hele netwerk: op één lijn zou dat ruis zijn."
reading_en = "Short periods lose much by chance: two people who speak each other monthly seem lost in most weeks. Look at months or quarters. Early in the data nearly everything is new. No value is best: a network without new ties closes, one without lasting ties has no memory."
reading_nl = "Korte perioden verliezen veel door toeval: twee mensen die elkaar maandelijks spreken, lijken in de meeste weken verloren. Kijk naar maanden of kwartalen. In het begin van de gegevens is bijna alles nieuw. Geen waarde is de beste: een netwerk zonder nieuwe verbindingen sluit zich, een zonder blijvende heeft geen geheugen."
example_en = "In February there are 20 ties. In March 15 of them are still there, and 10 others: retention 15 / 20 = 0.75, overlap 15 / (20 + 10) = 0.5."
example_nl = "In februari zijn er 20 verbindingen. In maart zijn er daarvan nog 15, en 10 andere: behoud 15 / 20 = 0,75, overlap 15 / (20 + 10) = 0,5."
question = "changes"
grains = ["day", "week", "month", "quarter"]
told_of = ["network", "line"]
boundary = "any"
direction = "context"
reference = "Burt 2000, decay of ties; Jaccard 1901"

[measures.new]
title_en = "New ties"
title_nl = "Nieuwe verbindingen"
unit = "ties"
range = ">= 0"
formula_en = "number of ties never seen before"
formula_nl = "aantal verbindingen dat nooit eerder gezien is"

[measures.persisted]
title_en = "Ties that went on"
title_nl = "Verbindingen die doorgingen"
unit = "ties"
range = ">= 0"
formula_en = "number of ties that were there in the period before too"
formula_nl = "aantal verbindingen dat er in de vorige periode ook was"

[measures.resumed]
title_en = "Ties that came back soon"
title_nl = "Verbindingen die snel terugkwamen"
unit = "ties"
range = ">= 0"
formula_en = "number of ties last seen two to resumed_within periods ago"
formula_nl = "aantal verbindingen dat twee tot resumed_within perioden geleden voor het laatst gezien is"

[measures.reactivated]
title_en = "Ties that came back after long"
title_nl = "Verbindingen die na lange tijd terugkwamen"
unit = "ties"
range = ">= 0"
formula_en = "number of ties last seen longer ago than that"
formula_nl = "aantal verbindingen dat langer geleden voor het laatst gezien is"

[measures.lost]
title_en = "Ties lost"
title_nl = "Verloren verbindingen"
unit = "ties"
range = ">= 0"
formula_en = "number of ties of the period before that are not there now"
formula_nl = "aantal verbindingen van de vorige periode dat er nu niet is"

[measures.retention]
title_en = "Retention"
title_nl = "Behoud"
unit = "ratio"
range = "0 to 1"
formula_en = "ties of the period before that are still there / all ties of the period before"
formula_nl = "verbindingen van de vorige periode die er nog zijn / alle verbindingen van de vorige periode"

[measures.jaccard]
title_en = "Overlap with the period before"
title_nl = "Overlap met de vorige periode"
unit = "ratio"
range = "0 to 1"
formula_en = "ties that are there in both periods / ties that are there in either"
formula_nl = "verbindingen die er in beide perioden zijn / verbindingen die er in een van beide zijn"
*/
-- period: grain
-- lookback: 1
with step as (
  select distinct grain, period, idx from calendar where period >= $first_period
), kept_or_new as (
  select p.grain, p.period, p.channel, p.boundary, p.unit_s, p.unit_t,
    count(case when g.gap is null then 1 end) as new,
    count(case when g.gap = 1 then 1 end) as persisted,
    count(case when g.gap > 1 and g.gap <= $resumed_within then 1 end) as resumed,
    count(case when g.gap > 1 and g.gap > $resumed_within then 1 end) as reactivated
  from unit_tie p
  join tie_gap g on g.grain = p.grain and g.period = p.period and g.channel = p.channel
    and g.s = p.s and g.t = p.t
  where p.grain <> 'day' and p.period >= $first_period and not g.is_opening
  group by p.grain, p.period, p.channel, p.boundary, p.unit_s, p.unit_t
), now as (
  select grain, period, channel, boundary, least(unit_s, unit_t) as unit, greatest(unit_s, unit_t) as other_unit,
    sum(new) as new, sum(persisted) as persisted, sum(resumed) as resumed, sum(reactivated) as reactivated
  from kept_or_new
  group by grain, period, channel, boundary, least(unit_s, unit_t), greatest(unit_s, unit_t)
  union all
  -- The network as a whole is the same for every boundary.
  select grain, period, channel, '(all)', '(all)', '(all)',
    count(case when gap is null then 1 end), count(case when gap = 1 then 1 end),
    count(case when gap > 1 and gap <= $resumed_within then 1 end),
    count(case when gap > 1 and gap > $resumed_within then 1 end)
  from tie_gap
  where period >= $first_period and not is_opening
  group by grain, period, channel
), kept_or_lost as (
  -- Ties of the period before, on the line where they were then; of which some may have moved to another.
  select n.grain, n.period, p.channel, p.boundary, p.unit_s, p.unit_t, count(k.gap) as kept, count(*) as ties,
    count(m.s) as stayed
  from unit_tie p
  join step n on n.grain = p.grain and n.idx = p.idx + 1
  left join tie_gap k on k.grain = n.grain and k.period = n.period and k.channel = p.channel
    and k.s = p.s and k.t = p.t and k.gap = 1
  left join unit_tie m on m.grain = n.grain and m.period = n.period and m.channel = p.channel and m.boundary = p.boundary
    and m.s = p.s and m.t = p.t and m.unit_s = p.unit_s and m.unit_t = p.unit_t
  where p.grain <> 'day'
  group by n.grain, n.period, p.channel, p.boundary, p.unit_s, p.unit_t
), before as (
  select grain, period, channel, boundary, least(unit_s, unit_t) as unit, greatest(unit_s, unit_t) as other_unit,
    sum(kept) as kept, sum(ties - kept) as lost, sum(stayed) as stayed
  from kept_or_lost
  group by grain, period, channel, boundary, least(unit_s, unit_t), greatest(unit_s, unit_t)
  union all
  select n.grain, n.period, p.channel, '(all)', '(all)', '(all)',
    coalesce(k.persisted, 0), p.ties - coalesce(k.persisted, 0), coalesce(k.persisted, 0)
  from (
    select grain, idx, channel, count(*) as ties from tie_gap group by grain, idx, channel
  ) p
  join step n on n.grain = p.grain and n.idx = p.idx + 1
  left join now k on k.grain = n.grain and k.period = n.period and k.channel = p.channel and k.boundary = '(all)'
), counted as (
  select grain, period, channel, boundary, unit, other_unit,
    coalesce(n.new, 0) as new, coalesce(n.persisted, 0) as persisted, coalesce(n.resumed, 0) as resumed,
    coalesce(n.reactivated, 0) as reactivated, coalesce(b.lost, 0) as lost, coalesce(b.kept, 0) as kept,
    -- In both periods, on this line in at least one of them.
    coalesce(b.kept, 0) + coalesce(n.persisted, 0) - coalesce(b.stayed, 0) as lasting
  from now n
  full join before b using (grain, period, channel, boundary, unit, other_unit)
), tie_end as (
  select grain, idx, channel, boundary, unit_s as own, unit_t as other, s as person from unit_tie where grain <> 'day'
  union all
  select grain, idx, channel, boundary, unit_t, unit_s, t from unit_tie where grain <> 'day'
  union all
  select grain, idx, channel, '(all)', '(all)', '(all)', s from tie_gap
  union all
  select grain, idx, channel, '(all)', '(all)', '(all)', t from tie_gap
), carrier as (
  select grain, idx, channel, boundary, least(own, other) as unit, greatest(own, other) as other_unit, person,
    max(case when own <= other then 1 else 0 end) as is_first, max(case when own >= other then 1 else 0 end) as is_other,
    count(*) as ties
  from tie_end
  group by grain, idx, channel, boundary, least(own, other), greatest(own, other), person
), person as (
  -- Of the ties of both periods.
  select grain, idx, channel, boundary, unit, other_unit, person, max(is_first) as is_first, max(is_other) as is_other,
    sum(ties) as ties
  from (
    select * from carrier
    union all
    select grain, idx + 1, channel, boundary, unit, other_unit, person, is_first, is_other, ties from carrier
  ) either
  group by grain, idx, channel, boundary, unit, other_unit, person
), people as (
  select p.grain, n.period, p.channel, p.boundary, p.unit, p.other_unit, sum(p.is_first) as people,
    case when p.unit <> '(all)' then sum(p.is_other) end as other_people, max(p.ties) as top
  from person p
  join step n on n.grain = p.grain and n.idx = p.idx
  group by p.grain, n.period, p.channel, p.boundary, p.unit, p.other_unit
), shown as (
  select boundary, boundary as counted_as from boundary
  union all
  select boundary, '(all)' as counted_as from boundary
), wide as (
  select c.grain, c.period, c.channel, b.boundary, c.unit, c.other_unit, c.new, c.persisted, c.resumed,
    c.reactivated, c.lost, c.kept, c.kept + c.lost as before, c.lasting,
    c.lasting + c.lost + c.new + c.resumed + c.reactivated as either, p.people, p.other_people,
    p.top * 1.0 / nullif(c.kept + c.lost + c.new + c.persisted + c.resumed + c.reactivated, 0) as top_share
  from counted c
  join people p using (grain, period, channel, boundary, unit, other_unit)
  join shown b on b.counted_as = c.boundary
)
select 'new' as measure, grain, period, channel, boundary, unit, other_unit, new as value,
  cast(null as bigint) as numerator, cast(null as bigint) as denominator, people, other_people, top_share from wide
union all
select 'persisted', grain, period, channel, boundary, unit, other_unit, persisted, null, null, people, other_people, top_share from wide
union all
select 'resumed', grain, period, channel, boundary, unit, other_unit, resumed, null, null, people, other_people, top_share from wide
union all
select 'reactivated', grain, period, channel, boundary, unit, other_unit, reactivated, null, null, people, other_people, top_share from wide
union all
select 'lost', grain, period, channel, boundary, unit, other_unit, lost, null, null, people, other_people, top_share from wide
union all
select 'retention', grain, period, channel, boundary, unit, other_unit,
  kept * 1.0 / nullif(before, 0), kept, nullif(before, 0), people, other_people, top_share from wide
union all
select 'jaccard', grain, period, channel, boundary, unit, other_unit,
  lasting * 1.0 / nullif(either, 0), lasting, nullif(either, 0), people, other_people, top_share from wide
