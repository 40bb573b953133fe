-- Each line's months and quarters, with its state in the one before and its part of what passes between units.
select grain, period, channel, boundary, unit, other_unit, state, weight as value, line.base as before, ratio, name,
  lag(state) over (partition by grain, boundary, unit, other_unit order by period) as state_before,
  -- A stray mail in a silence is not its beginning.
  coalesce(max(case when silent = 0 then line.last_day end) over (
    partition by grain, boundary, unit, other_unit order by period), line.last_day) as last_day,
  -- Where the network's is not told: of the lines that are.
  line.base / nullif(coalesce(crossing.base, sum(line.base) over (partition by grain, period, boundary)), 0) as part,
  case when part > 1 then 1.0 else part end as stake, -- least() would make 1 of what is not told
  coalesce(stake, 0) as score, cast(round(100 * stake) as bigint) as percent,
  cast(round(100 * ratio) as bigint) as ratio_percent
from line
join calendar using (grain, period)
left join crossing using (grain, period, boundary)
where channel = '(all)' and grain in ('month', 'quarter')
