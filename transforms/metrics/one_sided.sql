/*
title_en = "Seen by one side only"
title_nl = "Door één kant gezien"
definition_en = "Part of a line's meetings, messages and acts that the exports of one partner alone show. Where both partners deliver the same kind of export, both see most of what they share; what one side alone sees shows how far the picture of a line hangs on one delivery."
definition_nl = "Deel van de afspraken, berichten en handelingen op een lijn dat alleen de exports van één partner laten zien. Waar beide partners dezelfde soort export leveren, zien beide het meeste van wat zij delen; wat maar één kant ziet, laat zien hoezeer het beeld van een lijn aan één levering hangt."
formula_en = "events of the line that one partner's exports alone show / all events of the line"
formula_nl = "gebeurtenissen op de lijn die alleen de exports van één partner tonen / alle gebeurtenissen op de lijn"
reading_en = "1 on a line means that one partner delivers for both: when that export stops, the line seems to stop. A rise can be an export that stopped at the other side; completeness and delivery say so. Which partners showed a line stands in the table sight. It says nothing of who began or answered."
reading_nl = "1 op een lijn betekent dat één partner voor beide levert: stopt die export, dan lijkt de lijn te stoppen. Een stijging kan een export zijn die aan de andere kant gestopt is; volledigheid en levering zeggen dat. Welke partners een lijn lieten zien staat in de tabel sight. Het zegt niets over wie begon of antwoordde."
example_en = "Of 40 meetings on a line 30 stand in both partners' calendars and 10 in one of them: 10 / 40 = 0.25."
example_nl = "Van 40 afspraken op een lijn staan er 30 in de agenda's van beide partners en 10 in één ervan: 10 / 40 = 0,25."
question = "crossing"
grains = ["week", "month", "quarter"]
told_of = ["line"]
boundary = "any"
direction = "context"
reference = "capture-recapture in overlapping lists: Sekar & Deming 1949"

[measures.share]
title_en = "Share seen by one side only"
title_nl = "Aandeel dat maar één kant ziet"
unit = "ratio"
range = "0 to 1"
*/
-- period: grain
select 'share' as measure, l.grain, l.period, l.channel, l.boundary, l.unit, l.other_unit,
  cast(s.one_sided as double) / nullif(s.events, 0) as value, cast(s.one_sided as double) as numerator,
  cast(nullif(s.events, 0) as double) as denominator, l.people, l.other_people, l.top_share
from line l
join sight s on s.grain = l.grain and s.period = l.period and s.channel = l.channel
  and s.boundary = l.boundary and s.unit = l.unit and s.other_unit = l.other_unit
where s.source = '(all)' and l.grain <> 'day' and l.unit <> l.other_unit
  and l.unit <> '(unknown)' and l.other_unit <> '(unknown)'
