/* Change, rolling median and robust deviation of every metric's series.

Periods without a row break the series: the change is then empty, not a change from the period before.
Periods that are not over, or of which a source is missing, are shown but compared with nothing. */
-- period: grain
-- lookback: 4
with step as (
  select grain, period, idx, min(day) as first_day, max(day) as last_day
  from calendar
  group by grain, period, idx
), series as (
  select m.metric, m.measure, m.grain, m.period, m.channel, m.boundary, m.unit, m.other_unit, m.value, s.idx,
    case when s.first_day >= $data_first_day and s.last_day <= $data_last_day
      then coalesce(c.completeness, 1.0) else 0.0 end as completeness
  from metric_value m
  join step s on s.grain = m.grain and s.period = m.period
  left join completeness c on c.grain = m.grain and c.period = m.period and c.channel = m.channel
    and c.boundary = m.boundary and c.unit = m.unit and c.other_unit = m.other_unit
), told as (
  select *, case when completeness >= $complete_enough then value end as whole from series
), near as (
  select *,
    case when lag(idx) over series_order = idx - 1 then lag(whole) over series_order end as previous,
    list(whole) filter (where whole is not null) over (
      partition by metric, measure, grain, channel, boundary, unit, other_unit
      order by idx range between 4 preceding and current row
    ) as recent
  from told
  window series_order as (
    partition by metric, measure, grain, channel, boundary, unit, other_unit order by idx
  )
), centred as (
  select *, list_median(recent) as rolling_median from near
), spread as (
  select *, list_median(list_transform(recent, lambda x: abs(x - rolling_median))) as deviation
  from centred
)
select
  metric,                                  -- Name of the metric
  measure,                                 -- Which of its numbers
  grain,                                   -- day, week, month or quarter
  period,                                  -- First day of the period
  channel,                                 -- meeting, message, work or (all)
  boundary,                                -- organisation, team, ...
  unit,                                    -- Unit, or (all)
  other_unit,                              -- Other unit of a line, or (all)
  value,                                   -- The number
  completeness,                            -- Part of the interaction that the exports could show; 0 for a period that is not over
  previous,                                -- Value of the period before
  whole - previous as change,              -- Difference with the period before
  case when abs(previous) > $change_base - 1e-9 then (whole - previous) / nullif(abs(previous), 0) end as change_share, -- Difference as a part of previous; empty where the base is small
  case when len(recent) >= 3 then rolling_median end as rolling_median, -- Median of this and the four periods before, from three on
  -- A deviation that is only rounding is none: sums of floats depend on their order.
  case when len(recent) >= 3 and deviation > 1e-9 * greatest(abs(rolling_median), 1)
    then (whole - rolling_median) / (1.4826 * deviation) end as robust_z -- Distance from the median in robust deviations
from spread
