/*
title_en = "Flow matrix"
title_nl = "Stroommatrix"
definition_en = "Weight of the interaction on each line between two units, and inside each unit."
definition_nl = "Gewicht van de interactie op elke lijn tussen twee eenheden, en binnen elke eenheid."
boundary = "any"
direction = "context"
reference = "Newman 2001"

[measures.weight]
title_en = "Weight"
title_nl = "Gewicht"
unit = "weight"

[measures.hours]
title_en = "Hours together in meetings"
title_nl = "Uren samen in overleg"
unit = "hours"
*/
-- period: grain
select 'weight' as measure, grain, period, channel, boundary, unit, other_unit, w as value,
  people, other_people, top_share
from line
union all
select 'hours', grain, period, channel, boundary, unit, other_unit, h, people, other_people, top_share
from line
where channel in ('meeting', '(all)')
