/* Moments at which one unit hears from another: a message or an assignment from one to the other, or
something that both take part in, which goes both ways. */
-- period: day
with present as (
  select distinct a.day, a.channel, a.is_directed, a.event_id, a.started_at, m.boundary, m.unit, a.is_initiator
  from attendance a
  join membership m on m.person_id = a.person_id and a.day between m.valid_from and m.valid_to
  join boundary b on b.boundary = m.boundary
  where a.size > 1 and not a.is_broadcast and m.unit <> '(other)'
), heard as (
  select distinct s.day, s.boundary, s.started_at, s.unit as unit_s, t.unit as unit_t
  from present s
  join present t on t.day = s.day and t.channel = s.channel and t.is_directed = s.is_directed
    and t.event_id = s.event_id and t.boundary = s.boundary and t.unit <> s.unit
  where not s.is_directed or (s.is_initiator and not t.is_initiator)
)
select
  day,           -- Day in the network's time zone
  boundary,      -- organisation, team, ...
  started_at,    -- When, UTC
  unit_s,        -- Unit that tells
  unit_t         -- Unit that hears
from heard
