/*
title_en = "Multi-party convening"
title_nl = "Partijen bijeenbrengen"
definition_en = "Meetings and messages that bring three or more people (convening_people) of at least two units together: how many there were, how many different people took that initiative, and how many units did. For a unit: those that its people organised or sent. Large ones count too; unknown people are no unit."
definition_nl = "Overleg en berichten die drie of meer mensen (convening_people) uit minstens twee eenheden bijeenbrengen: hoeveel het er waren, hoeveel verschillende mensen dat initiatief namen, en hoeveel eenheden. Voor een eenheid: wat haar mensen organiseerden of verstuurden. Ook grote tellen mee; onbekenden zijn geen eenheid."
reading_en = "It counts occasions, not what came of them: fewer and better ones can be progress. Look at conveners and units too: they tell whether many invite to the table or always the same."
reading_nl = "Het telt gelegenheden, niet wat ervan kwam: minder maar betere kan vooruitgang zijn. Kijk ook naar wie er bijeenbrengen en hoeveel eenheden dat doen: dat zegt of velen aan tafel uitnodigen of steeds dezelfden."
example_en = "In March there are 12 meetings with three or more people of two or more units. Five people of three units organised them: events 12, conveners 5, units 3."
example_nl = "In maart zijn er 12 overleggen met drie of meer mensen uit twee of meer eenheden. Vijf mensen uit drie eenheden organiseerden ze: gebeurtenissen 12, mensen 5, eenheden 3."
question = "shared"
grains = ["day", "week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "up"
reference = "Huxham & Vangen 2000, leadership in collaboration: mobilising members"

[measures.events]
title_en = "Events that bring parties together"
title_nl = "Gebeurtenissen die partijen bijeenbrengen"
unit = "events"
range = ">= 0"
formula_en = "number of meetings and messages with at least convening_people people of two or more units"
formula_nl = "aantal overleggen en berichten met minstens convening_people mensen uit twee of meer eenheden"

[measures.conveners]
title_en = "People who convene"
title_nl = "Mensen die bijeenbrengen"
unit = "people"
range = ">= 0"
formula_en = "number of different people who organised or sent them"
formula_nl = "aantal verschillende mensen die ze organiseerden of verstuurden"

[measures.units]
title_en = "Units that convene"
title_nl = "Eenheden die bijeenbrengen"
unit = "units"
range = ">= 0"
told_of = ["network"]
formula_en = "number of different units of those people"
formula_nl = "aantal verschillende eenheden van die mensen"
*/
-- period: grain
with seat as (
  select c.grain, c.period, v.channel, d.boundary, d.unit, d.event_id, d.person_id, d.is_convener
  from calendar c
  join convening_day d on d.day = c.day
  join scope v on v.covers = d.channel
), party as (
  select grain, period, channel, boundary, count(distinct event_id) as events, count(distinct person_id) as people
  from seat
  group by grain, period, channel, boundary
), convener as (
  -- One row per person and unit, and one per person in the network.
  select grain, period, channel, boundary, unit, person_id, count(*) as events
  from seat
  where is_convener and grain <> 'day'
  group by grain, period, channel, boundary, unit, person_id
  union all
  select grain, period, channel, boundary, '(all)' as unit, person_id, count(distinct event_id) as events
  from seat
  where is_convener
  group by grain, period, channel, boundary, person_id
), conveners as (
  select grain, period, channel, boundary, unit, count(*) as conveners, max(events) as top
  from convener
  group by grain, period, channel, boundary, unit
), units as (
  select grain, period, channel, boundary,
    count(distinct case when unit = '(other)' then cast(person_id as varchar) else unit end) as units
  from seat
  where is_convener and unit <> '(unknown)'
  group by grain, period, channel, boundary
), own as (
  -- A unit's own people at the events that it convened; on one day that would be noise.
  select distinct grain, period, channel, boundary, unit, event_id
  from seat
  where is_convener and grain <> 'day'
), guest as (
  select s.grain, s.period, s.channel, s.boundary, s.unit,
    count(distinct s.event_id) as events, count(distinct s.person_id) as people
  from own o
  join seat s on s.grain = o.grain and s.period = o.period and s.channel = o.channel
    and s.boundary = o.boundary and s.unit = o.unit and s.event_id = o.event_id
  group by s.grain, s.period, s.channel, s.boundary, s.unit
), active as (
  select grain, period, channel, boundary, count(distinct person_id) as people
  from presence
  where channel <> 'work'
  group by grain, period, channel, boundary
), network as (
  -- None at all is a number too, where there was anything to see.
  select a.grain, a.period, a.channel, a.boundary, coalesce(p.events, 0) as events,
    coalesce(c.conveners, 0) as conveners, coalesce(u.units, 0) as units,
    coalesce(p.people, a.people) as people, c.top * 1.0 / nullif(p.events, 0) as top_share
  from active a
  left join party p on p.grain = a.grain and p.period = a.period and p.channel = a.channel and p.boundary = a.boundary
  left join conveners c on c.grain = a.grain and c.period = a.period and c.channel = a.channel
    and c.boundary = a.boundary and c.unit = '(all)'
  left join units u on u.grain = a.grain and u.period = a.period and u.channel = a.channel and u.boundary = a.boundary
), one as (
  select g.grain, g.period, g.channel, g.boundary, g.unit, g.events, c.conveners, g.people,
    c.top * 1.0 / nullif(g.events, 0) as top_share
  from guest g
  join conveners c on c.grain = g.grain and c.period = g.period and c.channel = g.channel
    and c.boundary = g.boundary and c.unit = g.unit
)
select 'events' as measure, grain, period, channel, boundary, '(all)' as unit, '(all)' as other_unit,
  events as value, people, top_share from network
union all
select 'conveners', grain, period, channel, boundary, '(all)', '(all)', conveners, people, top_share from network
union all
select 'units', grain, period, channel, boundary, '(all)', '(all)', units, people, top_share from network
union all
select 'events', grain, period, channel, boundary, unit, '(all)', events, people, top_share from one
union all
select 'conveners', grain, period, channel, boundary, unit, '(all)', conveners, people, top_share from one
