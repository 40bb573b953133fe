/* Directed acts of one person towards another with the units of both as of each day, per boundary.

A person in several units gives each its share: weights add up to those of `act_day`. */
-- period: grain
select
  c.grain,                                         -- day, week, month or quarter
  c.period,                                        -- First day of the period
  c.idx,                                           -- Number of the period within its grain
  v.channel,                                       -- message, work or (all)
  b.boundary,                                      -- organisation, team, ...
  coalesce(m.unit, '(unknown)') as unit_s,         -- Unit of s
  coalesce(o.unit, '(unknown)') as unit_t,         -- Unit of t
  d.s,                                             -- Who acts: sender, or who assigns or mentions
  d.t,                                             -- Towards whom
  sum(d.w * coalesce(m.share, 1) * coalesce(o.share, 1)) as w, -- Weight
  sum(d.n * coalesce(m.share, 1) * coalesce(o.share, 1)) as n  -- Number of acts
from calendar c
join act_day d on d.day = c.day
join scope v on v.covers = d.channel
cross join boundary b
left join membership m
  on m.person_id = d.s and m.boundary = b.boundary and d.day between m.valid_from and m.valid_to
left join membership o
  on o.person_id = d.t and o.boundary = b.boundary and d.day between o.valid_from and o.valid_to
group by c.grain, c.period, c.idx, v.channel, b.boundary, coalesce(m.unit, '(unknown)'),
  coalesce(o.unit, '(unknown)'), d.s, d.t
