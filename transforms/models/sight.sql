/* Who showed the events of each line, per period and channel. */
-- period: grain
select
  c.grain,                                -- week, month or quarter
  c.period,                               -- First day of the period
  c.idx,                                  -- Number of the period within its grain
  v.channel,                              -- meeting, message, work or (all)
  d.boundary,                             -- organisation, team, ...
  d.unit,                                 -- First unit, or (all)
  d.other_unit,                           -- Second unit, or (all)
  d.source,                               -- Source that showed the events, or (all): each event once
  cast(sum(d.events) as bigint) as events, -- Events that it showed
  cast(sum(d.alone) as bigint) as alone,  -- Those that no other source showed
  cast(sum(d.one_sided) as bigint) as one_sided -- Those that one partner's exports alone showed
from calendar c
join sight_day d on d.day = c.day
join scope v on v.covers = d.channel
where c.grain <> 'day'
group by c.grain, c.period, c.idx, v.channel, d.boundary, d.unit, d.other_unit, d.source
