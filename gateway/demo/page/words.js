// Everything that the page says itself, in the three languages of the widget. Names of people and systems are data.

const en = {
  title: 'Contact desk', demo: 'Demo', viewer: 'Signed in as', language: 'Language', theme: 'Colours', 'theme.auto': 'Auto', 'theme.light': 'Light', 'theme.dark': 'Dark',
  width: 'Panel', 'width.timeline': 'Wide', 'width.feed': 'Narrow',
  phone: 'Telephone', caller: 'Caller', ring: 'Next call', answer: 'Answer', hangUp: 'Hang up', decline: 'Decline', finish: 'Finish', outcome: 'Outcome', 'outcome.none': 'Choose …',
  'phase.idle': 'Ready for calls', 'phase.ringing': 'Incoming call', 'phase.talking': 'On the line', 'phase.wrapping': 'Wrap-up', 'who.unknown': 'Unknown number',
  card: 'Customer', 'card.phone': 'Telephone', 'card.email': 'E-mail', 'card.crm': 'Number in the CRM', 'card.language': 'Language', 'card.since': 'Customer since', 'since': 'since {date}',
  'card.nobody': 'Not in the CRM', 'card.several': 'Several people have this number: choose in the journey.', 'card.office': 'A number that a whole office shares.', 'card.none': 'Nobody in the CRM has this number.', 'card.chosen': 'Chosen in the journey', 'card.choose': 'Who is it?',
  journey: 'The customer’s journey', newCustomer: 'New customer …', noted: 'Here your CRM would open a new customer.', opened: 'Here your desk would open this in its own system.',
  stage: 'Behind the scenes', 'stage.hint': 'What happens to the systems behind the gateway. The widget is told by itself.',
  systems: 'Systems', 'systems.remember': 'Let the gateway fall back on what it remembers', 'systems.repair': 'Everything back to normal',
  'mode.normal': 'Normal', 'mode.slow': 'Slow, 2 s', 'mode.down': 'Down, 503', 'mode.hang': 'No answer',
  events: 'What happens now', whatsapp: 'WhatsApp from the customer', 'whatsapp.text': 'The line is dead again. When does somebody come?', send: 'Send', chat: 'Web chat from the customer', 'chat.text': 'Hello, is anybody there?', write: 'Write', 'chat.silence': 'Silent for 40 s', 'chat.close': 'End chat',
  call: 'Telephone', 'call.starts': 'Customer calls', 'call.ends': 'Customer hangs up', 'line.cut': 'Cut the line to the gateway',
  'told.yes': 'Told to the gateway.', 'told.silence': 'Idle in 5 s, inactive in 20 s.', 'told.no': 'This cannot happen to this customer now.', 'told.failed': 'The demo did not answer.', 'told.cut': 'Cut. After 10 s the widget says that it may be out of date.', 'told.mended': 'The line is whole again.',
  asked: 'What the widget asks', 'asked.hint': 'These documents are sent by their hash; the gateway knows them.', 'asked.operation': 'Operation', 'asked.try': 'Ask it in GraphiQL', 'asked.document': 'Document',
  heard: 'What the host hears', 'heard.hint': 'Events of the element: ids and counts, never personal data.', embed: 'All that the host writes', 'embed.hint': 'More in docs/widget.md, docs/demo.md and docs/queries of the project.', 'embed.code': 'Snippet',
  'seen.anna.verdi': 'Support desk, for Italy and International: the support queues.', 'seen.daniel.osborne': 'Sales line, for International: the sales queues; no texts, no whole numbers.', 'seen.emma.hartley': 'Supervisor: everything, in every division.', 'seen.crm': 'A third-party tool: masked, without contents.', 'seen.nobody': 'A valid token that grants nothing.',
  'caller.showcase': 'a year on every channel, one matter open', 'caller.john': 'from the first chat to a demo', 'caller.live-chat': 'is chatting now', 'caller.live-whatsapp': 'is on WhatsApp now', 'caller.live-call': 'is on the line now', 'caller.lost': 'never got through', 'caller.deep': 'hundreds of contacts', 'caller.shared': 'two people, one mobile', 'caller.switchboard': 'an office’s switchboard', 'caller.nobody': 'nobody knows this number',
  'source.genesys': 'Genesys Cloud · calls', 'source.zendesk': 'Zendesk · tickets', 'source.requests': 'Request Tracker · tickets', 'source.chat': 'Chatwoot · chat', 'source.whatsapp': 'Twilio · WhatsApp', 'source.surveys': 'LimeSurvey · surveys',
};

const it = {
  title: 'Postazione operatore', demo: 'Demo', viewer: 'Operatore', language: 'Lingua', theme: 'Colori', 'theme.auto': 'Auto', 'theme.light': 'Chiaro', 'theme.dark': 'Scuro',
  width: 'Pannello', 'width.timeline': 'Largo', 'width.feed': 'Stretto',
  phone: 'Telefono', caller: 'Chiamante', ring: 'Prossima chiamata', answer: 'Rispondi', hangUp: 'Riaggancia', decline: 'Rifiuta', finish: 'Concludi', outcome: 'Esito', 'outcome.none': 'Scegli …',
  'phase.idle': 'Pronto', 'phase.ringing': 'Chiamata in arrivo', 'phase.talking': 'In linea', 'phase.wrapping': 'Post-chiamata', 'who.unknown': 'Numero sconosciuto',
  card: 'Cliente', 'card.phone': 'Telefono', 'card.email': 'E-mail', 'card.crm': 'Codice nel CRM', 'card.language': 'Lingua', 'card.since': 'Cliente dal', 'since': 'dal {date}',
  'card.nobody': 'Non è nel CRM', 'card.several': 'Più persone hanno questo numero: scegliete nel percorso.', 'card.office': 'Il numero di un intero ufficio.', 'card.none': 'Nessuno nel CRM ha questo numero.', 'card.chosen': 'Scelto nel percorso', 'card.choose': 'Chi è?',
  journey: 'Il percorso del cliente', newCustomer: 'Nuovo cliente …', noted: 'Qui il vostro CRM aprirebbe un nuovo cliente.', opened: 'Qui la postazione aprirebbe il contatto nel suo sistema.',
  stage: 'Dietro le quinte', 'stage.hint': 'Che cosa succede ai sistemi dietro il gateway. Il widget lo viene a sapere da sé.',
  systems: 'Sistemi', 'systems.remember': 'Il gateway può usare ciò che ricorda', 'systems.repair': 'Tutto di nuovo normale',
  'mode.normal': 'Normale', 'mode.slow': 'Lento, 2 s', 'mode.down': 'Guasto, 503', 'mode.hang': 'Non risponde',
  events: 'Che cosa succede ora', whatsapp: 'WhatsApp dal cliente', 'whatsapp.text': 'La linea è di nuovo muta. Quando viene qualcuno?', send: 'Invia', chat: 'Chat dal cliente', 'chat.text': 'Buongiorno, c’è qualcuno?', write: 'Scrivi', 'chat.silence': 'Tace da 40 s', 'chat.close': 'Chiudi la chat',
  call: 'Telefono', 'call.starts': 'Il cliente chiama', 'call.ends': 'Il cliente riaggancia', 'line.cut': 'Interrompi la linea con il gateway',
  'told.yes': 'Comunicato al gateway.', 'told.silence': 'In pausa tra 5 s, inattiva tra 20 s.', 'told.no': 'A questo cliente ora non può succedere.', 'told.failed': 'La demo non ha risposto.', 'told.cut': 'Interrotta. Dopo 10 s il widget avvisa che i dati possono essere vecchi.', 'told.mended': 'La linea è ripristinata.',
  asked: 'Che cosa chiede il widget', 'asked.hint': 'Questi documenti viaggiano con il loro hash; il gateway li conosce.', 'asked.operation': 'Operazione', 'asked.try': 'Prova in GraphiQL', 'asked.document': 'Documento',
  heard: 'Che cosa sente la pagina', 'heard.hint': 'Eventi dell’elemento: codici e quantità, mai dati personali.', embed: 'Tutto ciò che scrive la pagina', 'embed.hint': 'Di più in docs/widget.md, docs/demo.md e docs/queries del progetto.', 'embed.code': 'Codice',
  'seen.anna.verdi': 'Support desk, per Italia e International: le code di assistenza.', 'seen.daniel.osborne': 'Sales line, per International: le code commerciali; né testi né numeri interi.', 'seen.emma.hartley': 'Supervisore: tutto, in ogni divisione.', 'seen.crm': 'Uno strumento esterno: dati mascherati, senza contenuti.', 'seen.nobody': 'Un token valido che non concede nulla.',
  'caller.showcase': 'un anno su ogni canale, una pratica aperta', 'caller.john': 'dalla prima chat alla demo', 'caller.live-chat': 'è in chat ora', 'caller.live-whatsapp': 'è su WhatsApp ora', 'caller.live-call': 'è in linea ora', 'caller.lost': 'mai riuscita a parlare', 'caller.deep': 'centinaia di contatti', 'caller.shared': 'due persone, un cellulare', 'caller.switchboard': 'il centralino di un ufficio', 'caller.nobody': 'numero che nessuno conosce',
  'source.genesys': 'Genesys Cloud · chiamate', 'source.zendesk': 'Zendesk · ticket', 'source.requests': 'Request Tracker · ticket', 'source.chat': 'Chatwoot · chat', 'source.whatsapp': 'Twilio · WhatsApp', 'source.surveys': 'LimeSurvey · sondaggi',
};

const fr = {
  title: 'Poste de l’agent', demo: 'Démo', viewer: 'Connecté', language: 'Langue', theme: 'Couleurs', 'theme.auto': 'Auto', 'theme.light': 'Clair', 'theme.dark': 'Sombre',
  width: 'Panneau', 'width.timeline': 'Large', 'width.feed': 'Étroit',
  phone: 'Téléphone', caller: 'Appelant', ring: 'Appel suivant', answer: 'Répondre', hangUp: 'Raccrocher', decline: 'Refuser', finish: 'Terminer', outcome: 'Résultat', 'outcome.none': 'Choisir …',
  'phase.idle': 'Prêt', 'phase.ringing': 'Appel entrant', 'phase.talking': 'En ligne', 'phase.wrapping': 'Post-appel', 'who.unknown': 'Numéro inconnu',
  card: 'Client', 'card.phone': 'Téléphone', 'card.email': 'E-mail', 'card.crm': 'Numéro dans le CRM', 'card.language': 'Langue', 'card.since': 'Client depuis', 'since': 'depuis le {date}',
  'card.nobody': 'Absent du CRM', 'card.several': 'Plusieurs personnes ont ce numéro : choisissez dans le parcours.', 'card.office': 'Le numéro de tout un bureau.', 'card.none': 'Personne dans le CRM n’a ce numéro.', 'card.chosen': 'Choisi dans le parcours', 'card.choose': 'Qui est-ce ?',
  journey: 'Le parcours du client', newCustomer: 'Nouveau client …', noted: 'Ici, votre CRM ouvrirait un nouveau client.', opened: 'Ici, le poste ouvrirait ce contact dans son système.',
  stage: 'En coulisses', 'stage.hint': 'Ce qui arrive aux systèmes derrière la passerelle. Le widget l’apprend de lui-même.',
  systems: 'Systèmes', 'systems.remember': 'La passerelle peut servir ce dont elle se souvient', 'systems.repair': 'Tout remettre en ordre',
  'mode.normal': 'Normal', 'mode.slow': 'Lent, 2 s', 'mode.down': 'En panne, 503', 'mode.hang': 'Sans réponse',
  events: 'Ce qui arrive maintenant', whatsapp: 'WhatsApp du client', 'whatsapp.text': 'La ligne est encore coupée. Quand venez-vous ?', send: 'Envoyer', chat: 'Chat du client', 'chat.text': 'Bonjour, il y a quelqu’un ?', write: 'Écrire', 'chat.silence': 'Muet depuis 40 s', 'chat.close': 'Clore le chat',
  call: 'Téléphone', 'call.starts': 'Le client appelle', 'call.ends': 'Le client raccroche', 'line.cut': 'Couper la ligne vers la passerelle',
  'told.yes': 'Transmis à la passerelle.', 'told.silence': 'En pause dans 5 s, inactif dans 20 s.', 'told.no': 'Cela ne peut pas arriver à ce client maintenant.', 'told.failed': 'La démo n’a pas répondu.', 'told.cut': 'Coupée. Après 10 s, le widget dit que les données peuvent dater.', 'told.mended': 'La ligne est rétablie.',
  asked: 'Ce que demande le widget', 'asked.hint': 'Ces documents sont envoyés par leur empreinte ; la passerelle les connaît.', 'asked.operation': 'Opération', 'asked.try': 'Essayer dans GraphiQL', 'asked.document': 'Document',
  heard: 'Ce qu’entend la page', 'heard.hint': 'Événements de l’élément : identifiants et nombres, jamais de données personnelles.', embed: 'Tout ce qu’écrit la page', 'embed.hint': 'Plus dans docs/widget.md, docs/demo.md et docs/queries du projet.', 'embed.code': 'Code',
  'seen.anna.verdi': 'Support desk, pour l’Italie et l’International : les files d’assistance.', 'seen.daniel.osborne': 'Sales line, pour l’International : les files commerciales ; ni textes, ni numéros entiers.', 'seen.emma.hartley': 'Superviseure : tout, dans chaque division.', 'seen.crm': 'Un outil tiers : données masquées, sans contenu.', 'seen.nobody': 'Un jeton valide qui n’accorde rien.',
  'caller.showcase': 'un an sur tous les canaux, un dossier ouvert', 'caller.john': 'du premier chat à la démo', 'caller.live-chat': 'est en chat', 'caller.live-whatsapp': 'est sur WhatsApp', 'caller.live-call': 'est en ligne', 'caller.lost': 'jamais pu parler à quelqu’un', 'caller.deep': 'des centaines de contacts', 'caller.shared': 'deux personnes, un mobile', 'caller.switchboard': 'le standard d’un bureau', 'caller.nobody': 'numéro inconnu de tous',
  'source.genesys': 'Genesys Cloud · appels', 'source.zendesk': 'Zendesk · tickets', 'source.requests': 'Request Tracker · tickets', 'source.chat': 'Chatwoot · chat', 'source.whatsapp': 'Twilio · WhatsApp', 'source.surveys': 'LimeSurvey · enquêtes',
};

export const LANGUAGES = { it, en, fr };

/** Says `key` in a language; `values` fill its braces. */
export function say(lang, key, values = {}) {
  return LANGUAGES[lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
