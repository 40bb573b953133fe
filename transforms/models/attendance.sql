/* Who took part in each event that people made: one row per event and person.

Work acts on one item on one day are one event, assignments and mentions apart. */
-- period: day
with seat as (
  select e.day, e.channel, e.event_id, e.kind, e.container, e.started_at, e.ended_at,
    coalesce(a.person_id, p.address_id) as person_id,
    case when p.role in ('organiser', 'from') or (e.channel = 'work' and p.address_id = e.initiator) then 1 else 0 end as starts,
    case p.role when 'from' then 0.0 when 'cc' then $cc_weight else 1.0 end as weight
  from event e
  join participation p on p.day = e.day and p.event_id = e.event_id
  left join address_alias a on a.address_id = p.address_id
  where not e.is_automated and (p.role = 'organiser' or p.response <> 'declined')
  union all
  -- An answer that names nobody but the list is an answer to its parent's author.
  select e.day, e.channel, e.event_id, e.kind, e.container, e.started_at, e.ended_at,
    coalesce(a.person_id, e.answers) as person_id, 0 as starts, 1.0 as weight
  from event e
  left join address_alias a on a.address_id = e.answers
  left join address_alias i on i.address_id = e.initiator
  where not e.is_automated and e.channel = 'message' and e.answers is not null
    and not exists (
      select 1 from participation p
      left join address_alias n on n.address_id = p.address_id
      where p.day = e.day and p.event_id = e.event_id and p.role <> 'from'
        and coalesce(n.person_id, p.address_id) <> coalesce(i.person_id, e.initiator)
    )
), act as (
  select day, channel,
    channel = 'message' or kind in ('assignment', 'mention') as is_directed,
    case when channel = 'work' and kind not in ('assignment', 'mention')
      then coalesce(container, event_id) else event_id end as event_id,
    person_id, starts, weight, container, started_at,
    case when channel = 'meeting' and ended_at is not null
      then (epoch(ended_at) - epoch(started_at)) / 3600.0 else 0.0 end as hours
  from seat
), person as (
  select day, channel, is_directed, event_id, person_id,
    max(starts) as starts, max(weight) as weight, max(container) as container, max(hours) as hours,
    min(started_at) as started_at
  from act
  group by day, channel, is_directed, event_id, person_id
)
select
  day,                                                          -- Day in the network's time zone
  channel,                                                      -- meeting, message or work
  is_directed,                                                  -- From one person to others, rather than together
  event_id,                                                     -- The event, or the work item on that day
  person_id,                                                    -- Who took part
  starts = 1 as is_initiator,                                   -- Organised, sent or began it
  case when starts = 1 and is_directed then 0.0 else weight end as weight, -- Part of a directed event addressed to the person: to 1, cc cc_weight
  container,                                                    -- Series or work item
  hours,                                                        -- Length of a meeting in hours
  min(started_at) over (partition by day, channel, event_id, is_directed) as started_at, -- Start, UTC; of a work item its first act that day
  count(*) over (partition by day, channel, event_id, is_directed) as size, -- Distinct people in the event
  count(*) over (partition by day, channel, event_id, is_directed) > case channel
    when 'meeting' then $size_cap_meeting when 'message' then $size_cap_message
    else $size_cap_work end as is_broadcast                     -- Too many people to be a tie: volume only
from person
