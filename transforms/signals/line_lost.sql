/*
title_en = "A line is lost"
title_nl = "Een lijn is verloren"
sentence_en = "{unit} and {other_unit}: no interaction worth the name for half a year or longer, since {last_day}."
sentence_nl = "{unit} en {other_unit}: al een half jaar of langer geen interactie van betekenis, sinds {last_day}."
*/
select * from line_step
where state = 'lost' and state_before = 'quiet'
