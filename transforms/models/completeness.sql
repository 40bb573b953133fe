/* How much of a line's interaction the sources that delivered can show, where that is not all of it.

What a missing source used to show alone is taken to be missing. Of a quarter of which a source is missing
for a month, that is a third of it. A line without a row is complete. */
-- period: grain
-- lookback: 26
-- finer: delivery
with step as (
  select distinct grain, period, idx from calendar where grain <> 'day'
), missing as (
  select d.grain, d.period, s.idx, d.channel, d.source, 1 - least(coalesce(d.share, 0), 1) as gap
  from delivery d
  join step s on s.grain = d.grain and s.period = d.period
  where d.is_missing
  union all
  -- In the sum of three months one without anything looks like a weak quarter.
  select q.grain, q.period, c.idx, q.channel, q.source, sum(1 - least(coalesce(m.share, 0), 1)) / 3 as gap
  from delivery m
  join calendar c on c.grain = 'quarter' and c.day = m.period
  join delivery q on q.grain = 'quarter' and q.period = c.period and q.channel = m.channel and q.source = m.source
  where m.grain = 'month' and m.is_missing and not q.is_missing
  group by q.grain, q.period, c.idx, q.channel, q.source
), hole as (
  select grain, period, idx, channel, source, gap from missing
  union all
  select distinct grain, period, idx, channel, '(all)' as source, 1.0 as gap from missing
), usual as (
  select h.grain, h.period, h.channel, s.boundary, s.unit, s.other_unit,
    sum(case when h.source = '(all)' then s.events end) as events,
    sum(case when h.source <> '(all)' then h.gap * s.alone else 0 end) as lost,
    count(distinct case when h.source <> '(all)' and s.alone > 0 then h.source end) as sources
  from hole h
  join sight s on s.grain = h.grain and s.channel = h.channel and s.source = h.source
    and s.idx between h.idx - 26 and h.idx - 1
  group by h.grain, h.period, h.channel, s.boundary, s.unit, s.other_unit
), line as (
  select grain, period, channel, boundary, unit, other_unit, lost, events, sources
  from usual
  where lost > 0
  union all
  -- Acts from one unit to another are told in both orders.
  select grain, period, channel, boundary, other_unit as unit, unit as other_unit, lost, events, sources
  from usual
  where lost > 0 and unit <> other_unit and other_unit <> '(all)'
)
select
  grain,                                              -- week, month or quarter
  period,                                             -- First day of the period
  channel,                                            -- meeting, message, work or (all)
  boundary,                                           -- organisation, team, ...
  unit,                                               -- First unit, or (all)
  other_unit,                                         -- Second unit, or (all)
  greatest(1 - lost / nullif(events, 0), 0.0) as completeness, -- Part that could be seen, judged by who showed it before
  sources as missing_sources                          -- Sources of which the export seems to be missing
from line
