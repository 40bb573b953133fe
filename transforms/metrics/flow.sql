/*
title_en = "Flow matrix"
title_nl = "Stroommatrix"
definition_en = "Weight of the interaction on each line between two units, and inside each unit."
definition_nl = "Gewicht van de interactie op elke lijn tussen twee eenheden, en binnen elke eenheid."
reading_en = "The row of a unit with itself is what stays inside it. Large units have heavy lines: compare a line with its own past rather than with another line. Hours and messages are never added up."
reading_nl = "De rij van een eenheid met zichzelf is wat erbinnen blijft. Grote eenheden hebben zware lijnen: vergelijk een lijn met haar eigen verleden, niet met een andere lijn. Uren en berichten worden nooit bij elkaar opgeteld."
example_en = "Three people of A meet two of B, so 5 in all. There are 6 pairs across, each with a weight of 1/4: the line A-B gets 6 / 4 = 1.5."
example_nl = "Drie mensen van A overleggen met twee van B, dus 5 in totaal. Er zijn 6 paren over de grens heen, elk met gewicht 1/4: de lijn A-B krijgt 6 / 4 = 1,5."
question = "lively"
grains = ["day", "week", "month", "quarter"]
told_of = ["line"]
boundary = "any"
direction = "context"
reference = "Newman 2001"

[measures.weight]
title_en = "Weight"
title_nl = "Gewicht"
unit = "weight"
range = ">= 0"
formula_en = "sum of the weights of the ties between people of the two units"
formula_nl = "som van de gewichten van de verbindingen tussen mensen van de twee eenheden"

[measures.hours]
title_en = "Hours together in meetings"
title_nl = "Uren samen in overleg"
unit = "hours"
range = ">= 0"
formula_en = "sum of the hours of those ties in meetings"
formula_nl = "som van de uren van die verbindingen in overleg"
*/
-- period: grain
select 'weight' as measure, grain, period, channel, boundary, unit, other_unit, w as value,
  people, other_people, top_share
from line
union all
select 'hours', grain, period, channel, boundary, unit, other_unit, h, people, other_people, top_share
from line
where channel in ('meeting', '(all)')
