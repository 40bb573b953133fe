/* People who took part in anything, with their units as of each day. */
-- period: grain
select
  c.grain,                                         -- day, week, month or quarter
  c.period,                                        -- First day of the period
  v.channel,                                       -- meeting, message, work or (all)
  b.boundary,                                      -- organisation, team, ...
  coalesce(m.unit, '(unknown)') as unit,           -- Unit of the person
  a.person_id,                                     -- The person
  count(*) as n,                                   -- Events taken part in
  sum(coalesce(m.share, 1)) as part                -- The same, split over the person's units
from calendar c
join attendance a on a.day = c.day
join scope v on v.covers = a.channel
cross join boundary b
left join membership m
  on m.person_id = a.person_id and m.boundary = b.boundary and a.day between m.valid_from and m.valid_to
group by c.grain, c.period, v.channel, b.boundary, coalesce(m.unit, '(unknown)'), a.person_id
