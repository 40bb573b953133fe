/*
title_en = "A line went quiet"
title_nl = "Een lijn is stilgevallen"
sentence_en = "{unit} and {other_unit}: hardly any interaction since {last_day}. Before, this line carried {percent} % of what passes between units."
sentence_nl = "{unit} en {other_unit}: bijna geen interactie meer sinds {last_day}. Daarvoor droeg deze lijn {percent} % van wat er tussen eenheden gaat."
*/
select * from line_step
where state = 'quiet' and coalesce(state_before, '') not in ('quiet', 'lost') and stake >= $signal_stake
