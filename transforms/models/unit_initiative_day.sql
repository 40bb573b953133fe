/* Initiating acts of one unit towards another per day, and the two people of each.

An act counts once towards each other unit that is in it, split over the people there; a unit that only
gets a copy counts for cc_weight. Who is in several units gives each its share. What touches unknown
people starts nothing between units. */
-- period: day
with pair as (
  select i.day, i.channel, i.event_id, i.person_id as s, a.person_id as t, a.weight
  from initiative_day i
  join attendance a on a.day = i.day and a.channel = i.channel and a.event_id = i.event_id
  where not a.is_initiator and (a.is_directed or a.channel = 'meeting')
), placed as (
  select p.day, p.channel, b.boundary, p.event_id, m.unit, o.unit as other_unit, p.s, p.t,
    m.share, p.weight * o.share as presence
  from pair p
  cross join boundary b
  join membership m
    on m.person_id = p.s and m.boundary = b.boundary and p.day between m.valid_from and m.valid_to
  join membership o
    on o.person_id = p.t and o.boundary = b.boundary and p.day between o.valid_from and o.valid_to
  where m.unit <> o.unit
), part as (
  -- A unit is there as much as the person who is most of it: half-timers or copies alone make it half.
  select *, share * max(presence) over side * presence / sum(presence) over side as starts
  from placed
  window side as (partition by day, channel, boundary, event_id, s, unit, other_unit)
)
select
  day,                     -- Day in the network's time zone
  channel,                 -- meeting, message or work
  boundary,                -- organisation, team, ...
  unit,                    -- Unit that begins
  other_unit,              -- Unit towards which it does
  s,                       -- Who began, of the first
  t,                       -- Who was addressed or invited, of the second
  sum(starts) as starts    -- Acts: 1 for each act, or less where a part of a person or a copy alone ties the unit to it
from part
group by day, channel, boundary, unit, other_unit, s, t
