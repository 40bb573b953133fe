/*
title_en = "A line is weakening"
title_nl = "Een lijn wordt zwakker"
sentence_en = "{unit} and {other_unit}: interaction is down to {ratio_percent} % of what it was, over the last three periods up to {name}."
sentence_nl = "{unit} en {other_unit}: de interactie is terug naar {ratio_percent} % van wat die was, over de laatste drie perioden tot en met {name}."
untold_en = "{unit} and {other_unit}: interaction is getting less, over the last three periods up to {name}. By how much is hidden, to protect another number."
untold_nl = "{unit} en {other_unit}: de interactie wordt minder, over de laatste drie perioden tot en met {name}. Hoeveel blijft verborgen, om een ander getal te beschermen."
*/
select * from line_step
where state = 'weakening' and state_before <> 'weakening' and stake >= $signal_stake
