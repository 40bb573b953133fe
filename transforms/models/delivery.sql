/* What each source delivered, beside what it usually delivers.

Usual is the median of the periods before that had anything; the same fall in all other sources is a
holiday, not a missing export. Nothing is expected of a source in a period before the end of which it ends. */
-- period: grain
-- lookback: 26
with step as (
  select grain, period, idx, max(day) as last_day from calendar where grain <> 'day' group by grain, period, idx
), volume as (
  select distinct grain, idx, channel, source, events
  from sight
  where unit = '(all)' and other_unit = '(all)' and source <> '(all)'
    and boundary = (select min(boundary) from boundary)
), beginning as (
  select grain, channel, source, min(idx) as idx from volume group by grain, channel, source
), slot as (
  select s.grain, s.period, s.idx, b.channel, b.source
  from step s
  join beginning b on b.grain = s.grain and s.idx >= b.idx
  left join source_end e on e.source = b.source
  where s.period <= $data_last_day and s.last_day <= coalesce(e.last_day, date '9999-12-31')
), usual as (
  select s.grain, s.period, s.idx, s.channel, s.source,
    max(case when v.idx = s.idx then v.events end) as events,
    median(case when v.idx < s.idx then v.events end) as expected,
    count(case when v.idx < s.idx then 1 end) as periods
  from slot s
  join volume v on v.grain = s.grain and v.channel = s.channel and v.source = s.source
    and v.idx between s.idx - 26 and s.idx
  group by s.grain, s.period, s.idx, s.channel, s.source
), rhythm as (
  select *,
    (sum(coalesce(events, 0)) over them) - coalesce(events, 0) as others,
    (sum(expected) over them) - expected as others_expected, (count(*) over them) - 1 as sources
  from usual
  where periods >= 3
  window them as (partition by grain, idx, channel)
)
select
  u.grain,                                     -- week, month or quarter
  u.period,                                    -- First day of the period
  u.channel,                                   -- meeting, message, work or (all)
  u.source,                                    -- The source
  coalesce(u.events, 0) as events,             -- Events that it showed
  u.expected,                                  -- What it usually shows; empty in its first three periods
  -- Holidays empty all calendars: one source is held against what the others do.
  coalesce(u.events, 0) / nullif(u.expected * case when r.sources >= 2
    then least(1.0, r.others / nullif(r.others_expected, 0)) else 1.0 end, 0) as share, -- Delivered as a part of what was to be expected
  u.periods >= 3 and u.expected >= $source_least and coalesce(coalesce(u.events, 0) / nullif(u.expected * case when r.sources >= 2
    then least(1.0, r.others / nullif(r.others_expected, 0)) else 1.0 end, 0), 1.0) < $source_floor as is_missing -- So little that an export seems to be missing
from usual u
left join rhythm r on r.grain = u.grain and r.idx = u.idx and r.channel = u.channel and r.source = u.source
