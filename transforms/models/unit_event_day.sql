/* Events per unit and day, each once, whoever of the unit took part. */
-- period: day
with seat as (
  select a.day, a.channel, b.boundary, coalesce(m.unit, '(unknown)') as unit, a.event_id, a.is_directed, a.is_broadcast
  from attendance a
  cross join boundary b
  left join membership m
    on m.person_id = a.person_id and m.boundary = b.boundary and a.day between m.valid_from and m.valid_to
), present as (
  select distinct day, channel, boundary, unit, event_id, is_directed, is_broadcast from seat
  union all
  select distinct day, channel, boundary, '(all)' as unit, event_id, is_directed, is_broadcast from seat
)
select
  day,                                                     -- Day in the network's time zone
  channel,                                                 -- meeting, message or work
  boundary,                                                -- organisation, team, ...
  unit,                                                    -- Unit, or (all)
  count(*) as events,                                      -- Events in which somebody of the unit took part
  count(case when is_broadcast then 1 end) as broadcasts   -- Those of too many people to be a tie
from present
group by day, channel, boundary, unit
