/*
title_en = "A line hangs on few people"
title_nl = "Een lijn hangt aan weinig mensen"
sentence_en = "{unit} and {other_unit}: in {name} so few people carry this line that its numbers are hidden; it had more before."
sentence_nl = "{unit} en {other_unit}: in {name} dragen zo weinig mensen deze lijn dat de getallen verborgen zijn; eerder waren het er meer."
*/
with told as (
  select cell.*, calendar.name, lag(cell.value, 2) over one as shown_before,
    lag(cell.hidden_reason) over one as hidden_before,
    -- Numbers that come and go are those of a line that always hung on few.
    count(cell.value) over (one rows between 6 preceding and 2 preceding) as times_shown
  from metric_value as cell
  join trend using (metric, measure, grain, period, channel, boundary, unit, other_unit)
  join calendar on calendar.grain = cell.grain and calendar.period = cell.period
  where cell.metric = 'flow' and cell.measure = 'weight' and cell.channel = '(all)' and cell.unit <> cell.other_unit
    and cell.unit <> '(unknown)' and cell.other_unit <> '(unknown)'
    and cell.grain in ('month', 'quarter') and trend.completeness >= $complete_enough
  window one as (
    partition by cell.grain, cell.boundary, cell.unit, cell.other_unit order by cell.period)
), stake as (
  select told.*, shown_before / nullif(coalesce(crossing.base,
    sum(shown_before) over (partition by told.grain, told.period, told.boundary)), 0) as part,
    case when part > 1 then 1.0 else part end as score
  from told
  left join crossing using (grain, period, boundary)
)
select grain, period, channel, boundary, unit, other_unit, score, value, shown_before as before, name
from stake
-- What only protects another number may have many people.
where hidden_reason in ('few people', 'one person carries most') and hidden_before in ('few people', 'one person carries most')
  and times_shown = 5 and score >= $signal_stake
