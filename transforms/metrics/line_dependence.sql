/*
title_en = "Line dependence"
title_nl = "Afhankelijkheid van een lijn"
definition_en = "Part of a line's interaction that its busiest person takes part in: what would be at stake if that person left. Beside it stands the part each would have if everybody on the smaller side did the same. Who it is, is told to nobody."
definition_nl = "Deel van de interactie op een lijn waaraan de drukste persoon deelneemt: wat er op het spel staat als die vertrekt. Ernaast staat het deel dat ieder zou hebben als iedereen aan de kleinste kant evenveel deed. Wie het is, hoort niemand."
formula_en = "weight of the ties of the busiest person on the line / weight of the line"
formula_nl = "gewicht van de verbindingen van de drukste persoon op de lijn / gewicht van de lijn"
reading_en = "A line of few people depends on each of them, so look at the part that each would have if all did the same. A line that one person carries is hidden itself where that part is above the threshold. It is a reason to share the work, never one to look for who it is."
reading_nl = "Een lijn van weinig mensen hangt aan ieder van hen: kijk dus naar het deel dat ieder zou hebben als allen evenveel deden. Een lijn die door één persoon gedragen wordt, is zelf verborgen waar dat deel boven de drempel ligt. Het is een reden om het werk te delen, nooit om te zoeken wie het is."
example_en = "Of a weight of 12 on a line the busiest person takes part in 9: 9 / 12 = 0.75. Where the smaller side has 5 people, equal parts would be 1 / 5 = 0.2."
example_nl = "Van een gewicht van 12 op een lijn neemt de drukste persoon aan 9 deel: 9 / 12 = 0,75. Waar de kleinste kant 5 mensen heeft, zouden gelijke delen 1 / 5 = 0,2 zijn."
question = "fragile"
grains = ["week", "month", "quarter"]
told_of = ["line"]
boundary = "any"
direction = "down"
reference = "Krackhardt & Hanson 1993 on bottlenecks; share of the largest, as concentration ratio CR1"

[measures.top]
title_en = "Part that the busiest person carries"
title_nl = "Deel dat de drukste persoon draagt"
unit = "ratio"
range = "0 to 1"
*/
-- period: grain
-- From week up: on one day one meeting is the whole line.
select 'top' as measure, grain, period, channel, boundary, unit, other_unit,
  top_share as value, top_share * w as numerator, w as denominator, people, other_people, top_share,
  1.0 / nullif(least(people, other_people), 0) as expected
from line
where grain <> 'day' and unit <> other_unit and unit not in ('(unknown)', '(other)') and other_unit not in ('(unknown)', '(other)')
