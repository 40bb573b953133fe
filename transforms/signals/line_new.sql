/*
title_en = "A new line"
title_nl = "Een nieuwe lijn"
sentence_en = "{unit} and {other_unit} have a new line, in {name} with enough people to be told of for the first time."
sentence_nl = "{unit} en {other_unit} hebben een nieuwe lijn, in {name} voor het eerst met genoeg mensen om te tonen."
*/
select * from line_step
where state = 'new' and state_before is null
