-- What passes between the units of a boundary: weight per period, and a period's part of the six before the last three.
with told as (
  select weight.grain, weight.period, weight.boundary, weight.value * share.value * (1 - coalesce(unknown.value, 0)) as w
  from metric_value as weight
  join metric_value as share using (grain, period, channel, boundary, unit, other_unit)
  left join metric_value as unknown on unknown.metric = 'cross_boundary_share' and unknown.measure = 'unknown_share'
    and unknown.grain = weight.grain and unknown.period = weight.period and unknown.channel = weight.channel
    and unknown.boundary = weight.boundary and unknown.unit = weight.unit and unknown.other_unit = weight.other_unit
  where weight.metric = 'interaction_volume' and weight.measure = 'weight' and weight.channel = '(all)'
    and weight.unit = '(all)' and weight.other_unit = '(all)'
    and share.metric = 'cross_boundary_share' and share.measure = 'share'
)
select grain, period, boundary, w,
  avg(w) over (partition by grain, boundary order by period rows between 8 preceding and 3 preceding) as base
from told
